# What `snakemake --report` gathers, and its front page.


rule table_page:
    input:
        "results/{dataset}/tables/{table}.tsv",
    output:
        report(
            "results/{dataset}/tables/{table}.html",
            caption="../report/table.rst",
            category="Tables",
            labels={"table": "{table}"},
        ),
    log:
        "results/{dataset}/logs/table_page_{table}.log",
    benchmark:
        "results/{dataset}/benchmarks/table_page_{table}.tsv"
    conda:
        "../envs/urn.yaml"
    resources:
        **needs("scores"),
    message:
        "The table {wildcards.table} of {wildcards.dataset} as a page"
    script:
        "../workflow_scripts/table_page.py"


rule front_page:
    input:
        unpack(lambda wildcards: front_page_tables(wildcards.dataset)),
        index=ancient("results/{dataset}/index.csv"),
    output:
        "results/{dataset}/report/front_page.rst",
    log:
        "results/{dataset}/logs/front_page.log",
    benchmark:
        "results/{dataset}/benchmarks/front_page.tsv"
    conda:
        "../envs/urn.yaml"
    resources:
        **needs("scores"),
    params:
        seed=config["seed"],
        data=lambda wildcards: data_of_splits(wildcards, "tags"),
        thresholds=lambda wildcards: {
            row: SUPERVISIONS[row]["t"]
            for rows in DATASETS[wildcards.dataset]["runs"].values()
            for row in rows
            if "t" in SUPERVISIONS[row]
        },
        teacher=lambda wildcards: DATASETS[wildcards.dataset]["teacher"],
        refiner=lambda wildcards: refiner(wildcards.dataset),
        alpha=lambda wildcards: refiner_settings(
            wildcards.dataset, refiner(wildcards.dataset)
        )["alpha"],
        scales=lambda wildcards: settings("uncertainty")(wildcards)["scales"],
        runs=lambda wildcards: DATASETS[wildcards.dataset]["runs"],
    message:
        "The front page of the report on {wildcards.dataset}"
    script:
        "../workflow_scripts/front_page.py"
