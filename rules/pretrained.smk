# Published ImageNet checkpoints -> weights that fit our backbones.


rule pretrained:
    input:
        lambda wildcards: published("pretrained", wildcards.backbone),
    output:
        "results/pretrained/{backbone}.pth",
    log:
        "results/pretrained/logs/{backbone}.log",
    benchmark:
        "results/pretrained/benchmarks/{backbone}.tsv"
    wildcard_constraints:
        backbone=names(config["pretrained"]),
    conda:
        "../envs/urn.yaml"
    resources:
        **needs("pretrained"),
    params:
        format=lambda wildcards: config["pretrained"][wildcards.backbone]["format"],
        checksum=lambda wildcards: checksum("pretrained", wildcards.backbone),
        code=code("backbones"),
    message:
        "Checking the ImageNet weights of {wildcards.backbone}"
    script:
        "../workflow_scripts/pretrained.py"
