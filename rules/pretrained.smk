# Published ImageNet checkpoints -> weights that fit our backbones.


rule pretrained:
    input:
        plan.pretrained_file,
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
        **plan.needs("pretrained"),
    params:
        format=plan.pretrained_format,
        checksum=plan.pretrained_checksum,
        code=jobs.code("pretrained"),
    message:
        "Checking the ImageNet weights of {wildcards.backbone}"
    script:
        "../workflow_scripts/pretrained.py"
