# What can be asked for by name: a study, the comparison, a data set.

TARGETS = targets(CONFIG.data, PATHS)
TARGETS |= {study.key: study.targets(PATHS) for study in EVERYTHING[1:]}

for name, files in TARGETS.items():

    rule:
        name:
            name
        input:
            files,
