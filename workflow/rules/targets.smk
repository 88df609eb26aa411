# What can be asked for by name: a study, the comparison, a data set.

TARGETS = targets(CONFIG.data, PATHS)
TARGETS |= {study.key: study.targets(PATHS) for study in EVERYTHING[1:]}

for name, files in TARGETS.items():

    rule:
        name:
            name
        input:
            files,


if workflow.is_main_process and not workflow.output_settings.verbose:
    install(
        logging.getLogger("snakemake.logging"),
        Display(
            lambda: describe(CONFIG, STUDIES, PATHS, to_make()),
            dry_run=lambda: workflow.dryrun,
            targets=[*TARGETS, *itertools.chain.from_iterable(TARGETS.values())],
        ),
    )
