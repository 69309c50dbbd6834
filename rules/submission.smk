# Images without masks -> predictions for an evaluation server.

TESTED = [d for d, entry in DATASETS.items() if "test" in entry]


rule index_of_test:
    input:
        lambda wildcards: configuration.lists(DATASETS[wildcards.dataset], ["test"]),
    output:
        "results/{dataset}/test_index.csv",
    log:
        "results/{dataset}/logs/test_index.log",
    benchmark:
        "results/{dataset}/benchmarks/test_index.tsv"
    wildcard_constraints:
        dataset=names(TESTED),
    conda:
        "../envs/urn.yaml"
    resources:
        **needs("index"),
    params:
        dataset=lambda wildcards: configuration.source(DATASETS[wildcards.dataset]),
        data=data("images", split="test"),
        code=code("datasets", "files/jpeg.py"),
    message:
        "Checking every test image of {wildcards.dataset}"
    script:
        "../workflow_scripts/index_of_test.py"


rule submission:
    input:
        index=ancient("results/{dataset}/test_index.csv"),
        masks=lambda wildcards: masks(
            wildcards.dataset, f"{wildcards.backbone}/urn/test_predictions", "test"
        ),
    output:
        "results/{dataset}/{backbone}/submission.tgz",
    log:
        "results/{dataset}/logs/submission_{backbone}.log",
    benchmark:
        "results/{dataset}/benchmarks/submission_{backbone}.tsv"
    wildcard_constraints:
        dataset=names(TESTED),
    conda:
        "../envs/urn.yaml"
    resources:
        **needs("scores"),
    params:
        data=data("images", split="test"),
        code=code("submission.py"),
    message:
        "Packing {wildcards.backbone}'s masks of {wildcards.dataset} test for the server"
    script:
        "../workflow_scripts/submission.py"
