# Masks that people drew, as they come out of their tool -> a PNG for every image they correct.


rule corrections:
    input:
        index=ancient(paths.index()),
        source=ancient(jobs.source_of_corrections),
    output:
        directory(paths.corrections),
    log:
        paths.log("corrections"),
    benchmark:
        paths.benchmark("corrections")
    conda:
        "../envs/urn.yaml"
    resources:
        **plan.needs("exports"),
    params:
        drawn=jobs.state_of_corrections,
        data=jobs.data("images"),
        code=jobs.code("corrections"),
    message:
        "Reading the corrections of {wildcards.dataset}"
    script:
        "../workflow_scripts/corrections.py"
