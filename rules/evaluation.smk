# Responses on val -> predictions; masks -> scores and tables.

for shard in plan.predicted_shards():

    rule:
        name:
            shard.name
        input:
            index=ancient(shard.index),
            responses=shard.paths.responses(split=shard.split, shard=shard.number),
        output:
            shard.pngs(shard.paths.predictions(split=shard.split)),
        log:
            shard.log(f"{shard.stage}_{{backbone}}_{{supervision}}"),
        benchmark:
            shard.benchmark(f"{shard.stage}_{{backbone}}_{{supervision}}")
        conda:
            "../envs/urn.yaml"
        resources:
            **plan.needs("predictions"),
        params:
            ids=shard.ids,
            data=jobs.data_of_shard(shard, "images"),
            working_size=plan.dataset(shard.dataset).working_size,
            crf_backend=config["crf_backend"],
            code=jobs.code("predictions"),
        message:
            f"Predicted masks of {shard.dataset} {shard.split}, shard {shard.number}, by "
            "{wildcards.backbone}/{wildcards.supervision}"
        script:
            "../workflow_scripts/predictions.py"


rule predictions_miou:
    input:
        index=ancient(paths.index()),
        masks=jobs.pngs(paths.predictions(), "val"),
    output:
        miou=paths.prediction_scores().miou,
        classes=paths.prediction_scores().classes,
    log:
        paths.log("miou_{backbone}_{supervision}"),
    benchmark:
        paths.benchmark("miou_{backbone}_{supervision}")
    conda:
        "../envs/urn.yaml"
    resources:
        **plan.needs("scores"),
    params:
        split="val",
        data=jobs.data("masks", split="val"),
        code=jobs.code("miou"),
    message:
        "mIoU of {wildcards.backbone}/{wildcards.supervision} on {wildcards.dataset} val"
    script:
        "../workflow_scripts/miou.py"


use rule predictions_miou as pseudo_masks_miou with:
    input:
        index=ancient(paths.index()),
        masks=jobs.pngs(paths.pseudo_masks()),
    output:
        miou=paths.pseudo_mask_scores().miou,
        classes=paths.pseudo_mask_scores().classes,
    log:
        paths.log("miou_pseudo_masks_{refiner}"),
    benchmark:
        paths.benchmark("miou_pseudo_masks_{refiner}")
    params:
        split="train",
        data=jobs.data("masks"),
        code=jobs.code("miou"),
    message:
        "mIoU of the {wildcards.refiner} pseudo-masks on {wildcards.dataset} train"


use rule predictions_miou as cyclic_masks_miou with:
    input:
        index=ancient(paths.index()),
        masks=jobs.pngs(paths.cyclic_masks()),
    output:
        miou=paths.cyclic_mask_scores().miou,
        classes=paths.cyclic_mask_scores().classes,
    log:
        paths.log("miou_cyclic_masks_{backbone}"),
    benchmark:
        paths.benchmark("miou_cyclic_masks_{backbone}")
    params:
        split="train",
        data=jobs.data("masks"),
        code=jobs.code("miou"),
    message:
        "mIoU of {wildcards.backbone}'s cyclic masks on {wildcards.dataset} train"


rule miou:
    input:
        paths.prediction_scores(supervision="urn").miou,
    output:
        paths.final_score(),
    log:
        paths.log("miou_{backbone}"),
    benchmark:
        paths.benchmark("miou_{backbone}")
    localrule: True
    conda:
        "../envs/urn.yaml"
    message:
        "The final score of {wildcards.backbone} on {wildcards.dataset}"
    shell:
        "cp {input} {output} 2> {log}"


rule uncertainty_quality:
    input:
        index=ancient(paths.index()),
        masks=jobs.pngs(paths.cyclic_masks()),
        weights=jobs.pngs(paths.weights()),
    output:
        scores=paths.weight_quality(),
        table=paths.quality_by_weight(),
    log:
        paths.log("uncertainty_quality_{backbone}"),
    benchmark:
        paths.benchmark("uncertainty_quality_{backbone}")
    conda:
        "../envs/urn.yaml"
    resources:
        **plan.needs("scores"),
    params:
        data=jobs.data("masks"),
        code=jobs.code("uncertainty_quality"),
    message:
        "How well {wildcards.backbone}'s uncertainty finds wrong pixels on {wildcards.dataset}"
    script:
        "../workflow_scripts/uncertainty_quality.py"


rule summary:
    input:
        jobs.of(targets.summarised),
    output:
        paths.table("summary"),
    log:
        paths.log("summary"),
    benchmark:
        paths.benchmark("summary")
    localrule: True
    conda:
        "../envs/urn.yaml"
    params:
        code=jobs.code("summary"),
    message:
        "The scores of {wildcards.dataset}"
    script:
        "../workflow_scripts/summary.py"
