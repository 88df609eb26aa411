# Data, tables and records, as given by the rows.

for study in EVERYTHING:
    for table in study.tables:

        rule:
            name:
                f"{study.key}_{table.name}"
            input:
                **table.needs,
            output:
                **outputs(study, table),
            log:
                f"{PATHS.logs}/{study.key}/{table.name}.log",
            priority: study.key == "data"  # images use all cores: before trainings hold these
            group:
                study.key
            localrule: table.download
            conda:
                f"{ENVS}/{table.environment}.yaml"
            threads: table.threads
            resources:
                mem_mb=times(table.mem_mb),
                runtime=times(table.runtime),
            params:
                **call(table.function, study, changes=not table.download),
                **table.params,
                caption=table.caption,
                shows=False,
            message:
                f"{study.key}: {table.name}"
            script:
                "../scripts/call.py"
