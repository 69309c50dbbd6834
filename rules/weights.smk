# Published ImageNet checkpoints -> weights that fit our backbones.


rule weights:
    input:
        lambda wildcards: published("weights", wildcards.backbone),
    output:
        "results/weights/{backbone}.pth",
    log:
        "results/weights/logs/{backbone}.log",
    benchmark:
        "results/weights/benchmarks/{backbone}.tsv"
    wildcard_constraints:
        backbone=names(config["weights"]),
    conda:
        "../envs/urn.yaml"
    resources:
        **needs("weights"),
    params:
        format=lambda wildcards: config["weights"][wildcards.backbone]["format"],
        checksum=lambda wildcards: checksum("weights", wildcards.backbone),
        code=code("backbones"),
    message:
        "Checking the ImageNet weights of {wildcards.backbone}"
    script:
        "../workflow_scripts/initial_weights.py"
