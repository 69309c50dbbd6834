# The paper's comparisons and ours: other weights, and tables over the seeds.


# Archives of their own: were those of the uncertainty made again, it would be, too, and all that
# follows it.
use rule responses as compared_responses with:
    input:
        index=ancient(paths.index()),
        model=paths.training(supervision="baseline").model,
        masks=jobs.limiting_masks,
    output:
        responses=temp(paths.compared_responses()),
        variance=temp(paths.compared_responses(variance=True)),
    log:
        paths.log("responses_{backbone}_compared_{shard}"),
    benchmark:
        paths.benchmark("responses_{backbone}_compared_{shard}")
    params:
        ids=jobs.shard_ids,
        settings=jobs.settings("responses"),
        labels=jobs.labels,
        data=jobs.data_of_responses,
        resize=jobs.setting("segmentation", "resize"),
        working_size=jobs.working_size,
        code=jobs.code("weights"),
    message:
        "Responses of {wildcards.backbone} and their variance on {wildcards.dataset}, shard "
        "{wildcards.shard}"


for shard in plan.shards("weights"):

    rule:
        name:
            shard.name
        input:
            index=ancient(shard.index),
            responses=shard.paths.compared_responses(shard.number),
            variance=shard.paths.compared_responses(shard.number, variance=True),
        output:
            shard.pngs(shard.paths.weights(measure="{measure}")),
        log:
            shard.log("weights_{measure}_{backbone}"),
        benchmark:
            shard.benchmark("weights_{measure}_{backbone}")
        conda:
            "../envs/urn.yaml"
        resources:
            **plan.needs("uncertainty"),
        params:
            ids=shard.ids,
            data=jobs.data_of_shard(shard, "images", "tags"),
            measure=plan.measure,
            working_size=plan.dataset(shard.dataset).working_size,
            crf_backend=config["crf_backend"],
            code=jobs.code("weights"),
        message:
            f"Weights {{wildcards.measure}} of {shard.dataset}, shard {shard.number}, by "
            "{wildcards.backbone}"
        script:
            "../workflow_scripts/weights.py"


use rule uncertainty_quality as weights_quality with:
    input:
        index=ancient(paths.index()),
        masks=jobs.pngs(paths.cyclic_masks()),
        weights=jobs.pngs(paths.weights(measure="{measure}")),
    output:
        scores=paths.weight_quality(measure="{measure}"),
        table=paths.quality_by_weight(measure="{measure}"),
    log:
        paths.log("weights_quality_{measure}_{backbone}"),
    benchmark:
        paths.benchmark("weights_quality_{measure}_{backbone}")
    message:
        "How well the weights {wildcards.measure} of {wildcards.backbone} find wrong pixels on "
        "{wildcards.dataset}"


rule alpha_choices:
    input:
        index=ancient(paths.index()),
        cams=jobs.first_cams,
        cuts=jobs.all_cuts,
        model=jobs.own_refiner_model,
    output:
        **{choice: paths.alpha_choice(choice=choice) for choice in ablations.ALPHAS},
        figure=report(
            paths.figure("alpha_examples"),
            caption=CAPTION,
            category="Ablations",
            labels={"figure": "selection: images"},
        ),
    log:
        paths.log("alpha_choices"),
    benchmark:
        paths.benchmark("alpha_choices")
    conda:
        "../envs/urn.yaml"
    resources:
        **plan.needs("alpha_sweep"),
    params:
        ids=jobs.first_shard_ids,
        refiner=jobs.own_refiner,
        options=jobs.swept_options,
        steps=jobs.setting("pseudo_masks", "alpha_steps"),
        caption=ablations.alpha_caption,
        data=jobs.data_of_first_shard("images", "masks"),
        working_size=jobs.working_size,
        code=jobs.own_refiner_code("alpha_choices"),
    message:
        "Scoring choices of alpha on {wildcards.dataset}'s first shard"
    script:
        "../workflow_scripts/alpha_choices.py"


rule label_choices:
    input:
        index=ancient(paths.index()),
        model=paths.training(supervision="baseline").model,
        masks=jobs.first_pseudo_masks,
    output:
        masks=[
            paths.label_choice(score=f"{labels}_miou.txt")
            for labels in ablations.LABELS
        ],
        uncertainty=[
            paths.label_choice(score=f"{labels}_auroc.tsv")
            for labels in ablations.LABELS
        ],
    log:
        paths.log("label_choices_{backbone}"),
    benchmark:
        paths.benchmark("label_choices_{backbone}")
    conda:
        "../envs/urn.yaml"
    resources:
        **plan.needs("responses"),
    params:
        ids=jobs.first_shard_ids,
        choices=list(ablations.LABELS),
        settings=jobs.settings("responses"),
        scales=jobs.setting("uncertainty", "scales"),
        data=jobs.data_of_first_shard("images", "tags", "masks"),
        resize=jobs.setting("segmentation", "resize"),
        working_size=jobs.working_size,
        crf_backend=config["crf_backend"],
        code=jobs.code("label_choices"),
    message:
        "Scoring choices of the labels of {wildcards.backbone}'s cyclic masks on "
        "{wildcards.dataset}'s first shard"
    script:
        "../workflow_scripts/label_choices.py"


rule ablation:
    input:
        plan.cell_files,
    output:
        table=paths.table("{ablation}"),
        figure=report(
            paths.figure("{ablation}"),
            caption=CAPTION,
            category="Ablations",
            labels={"figure": "{ablation}"},
        ),
    log:
        paths.log("ablation_{ablation}"),
    benchmark:
        paths.benchmark("ablation_{ablation}")
    conda:
        "../envs/urn.yaml"
    resources:
        **plan.needs("scores"),
    params:
        cells=plan.cell_params,
        axis=lambda wildcards: ablations.axis(wildcards.ablation),
        joined=lambda wildcards: wildcards.ablation == "thresholds",
        caption=ablations.caption,
        code=jobs.code("ablation"),
    message:
        "The table of {wildcards.ablation} on {wildcards.dataset}"
    script:
        "../workflow_scripts/ablation.py"


rule ablations:
    input:
        lambda wildcards: targets.everything(plan.asked),
        lambda wildcards: ablations.targets(plan.asked),
    localrule: True
    message:
        f"All ablations of {config['dataset']} are done"
