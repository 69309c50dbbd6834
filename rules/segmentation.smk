# Masks, weights -> segmentation model -> responses.


rule train_segmentation:
    input:
        index=ancient(paths.index()),
        masks=jobs.supervision_masks,
        weights=jobs.supervision_weights,
        corrections=jobs.own("corrections"),
        initial=jobs.pretrained("segmentation"),
        baseline=jobs.own_baseline,
    output:
        model=paths.training().model,
        curve=paths.training().curve,
    log:
        paths.log("train_{backbone}_{supervision}"),
    benchmark:
        paths.benchmark("train_{backbone}_{supervision}")
    conda:
        "../envs/urn.yaml"
    threads: 8
    resources:
        **plan.needs("train_segmentation", jobs.settings("segmentation")),
    params:
        settings=jobs.training_settings,
        backbone=jobs.backbone,
        weighting=jobs.weighting,
        t=jobs.t,
        rejected=jobs.own("rejected"),
        windows=jobs.evaluation_windows,
        data=jobs.data("images"),
        evaluated=jobs.data_of_evaluation,
        working_size=jobs.working_size,
        seed=jobs.seed,
        work=paths.training().work,
        code=jobs.code("train_segmentation"),
    message:
        "Training {wildcards.backbone} on {wildcards.dataset}, supervision {wildcards.supervision}"
    script:
        "../workflow_scripts/train_segmentation.py"


rule model_settings:
    output:
        paths.training().settings,
    log:
        paths.log("model_settings_{backbone}_{supervision}"),
    benchmark:
        paths.benchmark("model_settings_{backbone}_{supervision}")
    localrule: True
    conda:
        "../envs/urn.yaml"
    params:
        settings=jobs.prediction_settings,
        code=jobs.code("model_settings"),
    message:
        "How {wildcards.backbone}/{wildcards.supervision} of {wildcards.dataset} looks at images"
    script:
        "../workflow_scripts/model_settings.py"


rule responses:
    input:
        index=ancient(jobs.index),
        model=paths.training().model,
        masks=jobs.limiting_masks,
    output:
        temp(paths.responses()),
    log:
        paths.log("responses_{backbone}_{supervision}_{split}_{shard}"),
    benchmark:
        paths.benchmark("responses_{backbone}_{supervision}_{split}_{shard}")
    conda:
        "../envs/urn.yaml"
    resources:
        **plan.needs("responses"),
    params:
        ids=jobs.shard_ids,
        settings=jobs.settings("responses"),
        labels=jobs.labels,
        data=jobs.data_of_responses,
        resize=jobs.setting("segmentation", "resize"),
        working_size=jobs.working_size,
        code=jobs.code("responses"),
    message:
        "Responses of {wildcards.backbone}/{wildcards.supervision} on {wildcards.dataset}, "
        "{wildcards.split} shard {wildcards.shard}"
    script:
        "../workflow_scripts/responses.py"
