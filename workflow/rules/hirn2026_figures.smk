# hirn2026: one rule a figure.


rule hirn2026_split_map:
    input:
        table=f"{DATA}/climate.h5",
        cells=f"{HIRN_RUNS}/cells.npz",
        splits=f"{HIRN_RESULTS}/splits.csv",
        code=code("studies/hirn2026/figures.py", "plots/style.py"),
    output:
        png=report(
            f"{HIRN_FIGURES}/split_map.png",
            caption="../report/hirn2026/split_map.rst",
            category="hirn2026",
            subcategory="figures",
        ),
        pdf=f"{HIRN_FIGURES}/split_map.pdf",
    log:
        f"{LOGS}/hirn2026/split_map.log",
    benchmark:
        f"{LOGS}/hirn2026/split_map.tsv"
    conda:
        f"{ENVS}/figures.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        function="betascan.studies.hirn2026.figures.split_map",
        footer=HIRN_FOOTER,
    message:
        "hirn2026: map of the splits"
    script:
        "../scripts/call.py"


rule hirn2026_fig1:
    input:
        observables=f"{HIRN_RESULTS}/observables.csv.gz",
        modes=f"{HIRN_RESULTS}/modes.csv",
        claims=f"{HIRN_RESULTS}/claims.csv",
        code=code("studies/hirn2026/figures.py", "plots/style.py"),
    output:
        png=report(
            f"{HIRN_FIGURES}/fig1.png",
            caption="../report/hirn2026/fig1.rst",
            category="hirn2026",
            subcategory="figures",
        ),
        pdf=f"{HIRN_FIGURES}/fig1.pdf",
    log:
        f"{LOGS}/hirn2026/fig1.log",
    benchmark:
        f"{LOGS}/hirn2026/fig1.tsv"
    conda:
        f"{ENVS}/figures.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        function="betascan.studies.hirn2026.figures.fig1",
        footer=HIRN_FOOTER,
    message:
        "hirn2026: Figure 1, order parameters over T"
    script:
        "../scripts/call.py"


rule hirn2026_fig2:
    input:
        distortion=f"{HIRN_RESULTS}/distortion.csv.gz",
        pca=f"{HIRN_RUNS}/pca.csv",
        claims=f"{HIRN_RESULTS}/claims.csv",
        code=code("studies/hirn2026/figures.py", "plots/style.py"),
    output:
        png=report(
            f"{HIRN_FIGURES}/fig2.png",
            caption="../report/hirn2026/fig2.rst",
            category="hirn2026",
            subcategory="figures",
        ),
        pdf=f"{HIRN_FIGURES}/fig2.pdf",
    log:
        f"{LOGS}/hirn2026/fig2.log",
    benchmark:
        f"{LOGS}/hirn2026/fig2.tsv"
    conda:
        f"{ENVS}/figures.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        function="betascan.studies.hirn2026.figures.fig2",
        footer=HIRN_FOOTER,
    message:
        "hirn2026: Figure 2, truncated distortion"
    script:
        "../scripts/call.py"


rule hirn2026_fig3:
    input:
        modes=f"{HIRN_RESULTS}/modes.csv",
        code=code("studies/hirn2026/figures.py", "plots/style.py"),
    output:
        png=report(
            f"{HIRN_FIGURES}/fig3.png",
            caption="../report/hirn2026/fig3.rst",
            category="hirn2026",
            subcategory="figures",
        ),
        pdf=f"{HIRN_FIGURES}/fig3.pdf",
    log:
        f"{LOGS}/hirn2026/fig3.log",
    benchmark:
        f"{LOGS}/hirn2026/fig3.tsv"
    conda:
        f"{ENVS}/figures.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        function="betascan.studies.hirn2026.figures.fig3",
        footer=HIRN_FOOTER,
    message:
        "hirn2026: Figure 3, utility against threshold"
    script:
        "../scripts/call.py"


rule hirn2026_fig4:
    input:
        observables=f"{HIRN_RESULTS}/observables.csv.gz",
        modes=f"{HIRN_RESULTS}/modes.csv",
        code=code("studies/hirn2026/figures.py", "plots/style.py"),
    output:
        png=report(
            f"{HIRN_FIGURES}/fig4.png",
            caption="../report/hirn2026/fig4.rst",
            category="hirn2026",
            subcategory="figures",
        ),
        pdf=f"{HIRN_FIGURES}/fig4.pdf",
    log:
        f"{LOGS}/hirn2026/fig4.log",
    benchmark:
        f"{LOGS}/hirn2026/fig4.tsv"
    conda:
        f"{ENVS}/figures.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        function="betascan.studies.hirn2026.figures.fig4",
        footer=HIRN_FOOTER,
    message:
        "hirn2026: Figure 4, posterior scale and Jensen gap"
    script:
        "../scripts/call.py"
