# Images without masks -> predictions for an evaluation server.


rule index_of_test:
    input:
        jobs.lists("test"),
    output:
        paths.index("test"),
    log:
        paths.log("test_index"),
    benchmark:
        paths.benchmark("test_index")
    wildcard_constraints:
        dataset=names(plan.tested),
    conda:
        "../envs/urn.yaml"
    resources:
        **plan.needs("index"),
    params:
        dataset=jobs.source,
        data=jobs.data("images", split="test"),
        code=jobs.code("index_of_test"),
    message:
        "Checking every test image of {wildcards.dataset}"
    script:
        "../workflow_scripts/index_of_test.py"


rule submission:
    input:
        index=ancient(paths.index("test")),
        masks=jobs.pngs(paths.predictions(supervision="urn", split="test"), "test"),
    output:
        paths.submission(),
    log:
        paths.log("submission_{backbone}"),
    benchmark:
        paths.benchmark("submission_{backbone}")
    wildcard_constraints:
        dataset=names(plan.tested),
    conda:
        "../envs/urn.yaml"
    resources:
        **plan.needs("scores"),
    params:
        data=jobs.data("images", split="test"),
        code=jobs.code("submission"),
    message:
        "Packing {wildcards.backbone}'s masks of {wildcards.dataset} test for the server"
    script:
        "../workflow_scripts/submission.py"
