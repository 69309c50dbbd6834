# A page on which every image can be looked at with its masks, and judged.

for shard in gallery.shards(plan):

    rule:
        name:
            shard.name
        input:
            index=ancient(shard.index),
            masks=gallery.masks_of(plan, shard),
        output:
            directory(shard.paths.gallery_shard(shard.split, shard.number)),
        log:
            shard.log(shard.stage),
        benchmark:
            shard.benchmark(shard.stage)
        conda:
            "../envs/urn.yaml"
        resources:
            **plan.needs("gallery"),
        params:
            ids=shard.ids,
            data=jobs.data_of_shard(shard, "images", "masks", "tags"),
            layers=gallery.layers_of(plan, shard),
            code=jobs.code("gallery_shard"),
        message:
            f"Previews of {shard.dataset} {shard.split}, shard {shard.number}"
        script:
            "../workflow_scripts/gallery_shard.py"


rule gallery:
    input:
        index=ancient(paths.index()),
        shards=jobs.of(gallery.folders),
    output:
        page=paths.gallery,
        data=paths.gallery_data,
    log:
        paths.log("gallery"),
    benchmark:
        paths.benchmark("gallery")
    conda:
        "../envs/urn.yaml"
    resources:
        **plan.needs("gallery"),
    params:
        layers=jobs.of(gallery.names),
        code=jobs.code("gallery"),
    message:
        "The gallery of {wildcards.dataset}"
    script:
        "../workflow_scripts/gallery.py"
