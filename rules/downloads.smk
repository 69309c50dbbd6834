# Published files, archives of datasets and weights of backbones: fetched once for all datasets.


rule download:
    output:
        "data/downloads/{file}",
    log:
        "data/downloads/logs/{file}.log",
    benchmark:
        "data/downloads/benchmarks/{file}.tsv"
    wildcard_constraints:
        file=names(plan.fetched) or "-",
    localrule: True
    conda:
        "../envs/urn.yaml"
    params:
        source=plan.source,
        network=plan.network,
    message:
        "Fetching {wildcards.file}"
    script:
        "../workflow_scripts/download.py"
