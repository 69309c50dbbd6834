# CAMs -> rough masks -> second classifier, trained on crops -> its CAMs (PMM).

for shard in plan.shards("rough_masks", of=Dataset.has_two_classifiers):

    rule:
        name:
            shard.name
        input:
            index=ancient(shard.index),
            cams=shard.paths.cams(shard.number),
        output:
            shard.pngs(shard.paths.rough_masks),
        log:
            shard.log(),
        benchmark:
            shard.benchmark()
        conda:
            "../envs/urn.yaml"
        resources:
            **plan.needs("pseudo_masks"),
        params:
            ids=shard.ids,
            data=jobs.data_of_shard(shard, "images"),
            options=plan.dataset(shard.dataset).rough_mask_options,
            working_size=plan.dataset(shard.dataset).working_size,
            code=jobs.code("rough_masks"),
        message:
            f"Rough masks of {shard.dataset}, shard {shard.number}"
        script:
            "../workflow_scripts/rough_masks.py"


use rule train_classifier as train_multi_crop_classifier with:
    input:
        index=ancient(paths.index()),
        initial=jobs.pretrained("multi_crop.classification"),
        rough_masks=jobs.pngs(paths.rough_masks),
    output:
        model=paths.second_classifier.model,
        curve=paths.second_classifier.curve,
    log:
        paths.log("train_multi_crop_classifier"),
    benchmark:
        paths.benchmark("train_multi_crop_classifier")
    resources:
        **plan.needs("train_classifier", jobs.settings("multi_crop.classification")),
    params:
        settings=jobs.settings(
            "multi_crop.classification", without=CAM_VIEWS + PROCESSES
        ),
        crops=jobs.crops,
        working_size=jobs.working_size,
        seed=config["seed"],
        work=paths.second_classifier.work,
        data=jobs.data("images", "tags"),
        code=jobs.code("train_classifier"),
    message:
        "Training the second classifier of {wildcards.dataset}, on crops"


use rule cams as multi_crop_cams with:
    input:
        index=ancient(paths.index()),
        model=paths.second_classifier.model,
    output:
        paths.second_cams(),
    log:
        paths.log("multi_crop_cams_{shard}"),
    benchmark:
        paths.benchmark("multi_crop_cams_{shard}")
    params:
        ids=jobs.shard_ids,
        views=jobs.settings("multi_crop.classification", only=CAM_VIEWS),
        data=jobs.data("images", "tags"),
        working_size=jobs.working_size,
        code=jobs.code("cams"),
    message:
        "CAMs of {wildcards.dataset} by the second classifier, shard {wildcards.shard}"
