# Measurements on trained models: scores, information, Jacobians, as given by the studies' rows.

for study in STUDIES.values():
    for measurement in study.measurements:
        for batch in to_measure(study, measurement):

            rule:
                name:
                    batch.rule
                input:
                    images=batch.images,
                    models=batch.files(PATHS.models, "model.pt"),
                output:
                    **batch.outputs(f"{PATHS.runs}/{study.key}", measurement.files),
                log:
                    batch.log(PATHS.logs),
                benchmark:
                    batch.log(PATHS.logs, "tsv")
                wildcard_constraints:
                    signature=batch.signatures,
                conda:
                    f"{ENVS}/train.yaml"
                threads: measurement.threads
                resources:
                    mem_mb=times(8000),
                    runtime=times(measurement.runtime),
                params:
                    **call(measurement.function, study),
                    **measurement.params,
                    rows=batch.rows,
                message:
                    batch.message
                script:
                    "../scripts/call.py"
