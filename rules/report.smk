# What `snakemake --report` gathers, and its front page.


rule table_page:
    input:
        paths.table("{table}"),
    output:
        report(
            paths.page("{table}"),
            caption="../report/table.rst",
            category="Tables",
            labels={"table": "{table}"},
        ),
    log:
        paths.log("table_page_{table}"),
    benchmark:
        paths.benchmark("table_page_{table}")
    conda:
        "../envs/urn.yaml"
    resources:
        **plan.needs("scores"),
    params:
        code=jobs.code("table_page"),
    message:
        "The table {wildcards.table} of {wildcards.dataset} as a page"
    script:
        "../workflow_scripts/table_page.py"


rule front_page:
    input:
        unpack(jobs.of(targets.front_page_files)),
        index=ancient(paths.index()),
    output:
        paths.front_page,
    log:
        paths.log("front_page"),
    benchmark:
        paths.benchmark("front_page")
    conda:
        "../envs/urn.yaml"
    resources:
        **plan.needs("scores"),
    params:
        seed=config["seed"],
        data=jobs.data_of_splits("tags"),
        thresholds=jobs.of(targets.thresholds),
        teacher=jobs.own("teacher"),
        baseline_row=jobs.own("baseline_row"),
        refiner=jobs.own_refiner,
        alpha=jobs.alpha,
        scales=jobs.setting("uncertainty", "scales"),
        runs=jobs.own("runs"),
        bundles=jobs.of(targets.bundles),
        went_on=jobs.of(targets.went_on),
        folder=jobs.file(paths.root),
        code=jobs.code("front_page"),
    message:
        "The front page of the report on {wildcards.dataset}"
    script:
        "../workflow_scripts/front_page.py"
