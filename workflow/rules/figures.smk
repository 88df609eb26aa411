# Figures, as given by the studies' rows: the rule <study>_<name> makes figures/<study>/<name>.png
# and calls the function named by the row in src/betascan/studies/<study>/workflow.py.

for study in EVERYTHING:
    for figure in study.figures:

        rule:
            name:
                f"{study.key}_{figure.name}"
            input:
                **figure.needs,
            output:
                png=report(
                    f"{PATHS.figures}/{study.key}/{figure.name}.png",
                    caption="../report/item.rst",
                    category=study.key,
                    subcategory="figures",
                ),
                pdf=f"{PATHS.figures}/{study.key}/{figure.name}.pdf",
            log:
                f"{PATHS.logs}/{study.key}/{figure.name}.log",
            group:
                study.key
            conda:
                f"{ENVS}/figures.yaml"
            resources:
                mem_mb=1000,
                runtime=10,
            params:
                **call(figure.function, study),
                **figure.params,
                caption=figure.caption,
                shows=bool(study.statements),
                footer=figure.footer,
            message:
                f"{study.key}: figure {figure.name}"
            script:
                "../scripts/call.py"
