# Official files -> a dataset's images, masks and lists. Where files of the user's are, none of these rules is.

for unpacking in preparation.unpackings(plan):

    rule:
        name:
            unpacking.rule
        input:
            unpacking.archives,
        output:
            unpacking.files,
        log:
            unpacking.log,
        benchmark:
            unpacking.benchmark
        conda:
            "../envs/urn.yaml"
        resources:
            **plan.needs("index"),
        params:
            root=preparation.folder(unpacking.root),
            below=unpacking.below,
            checksums=unpacking.checksums,
            lists=unpacking.lists,
        message:
            f"Unpacking into {unpacking.root}"
        script:
            "../workflow_scripts/unpack.py"


for dataset, layout in preparation.without_trainaug(plan):

    rule:
        name:
            f"trainaug_{dataset.name}"
        input:
            **preparation.voc_sources(plan, dataset),
        output:
            preparation.trainaug(dataset),
        log:
            dataset.paths.log("trainaug"),
        benchmark:
            dataset.paths.benchmark("trainaug")
        conda:
            "../envs/urn.yaml"
        resources:
            **plan.needs("index"),
        params:
            root=preparation.folder(dataset.root),
            masks=preparation.folder(f"{dataset.root}/SegmentationClass"),
            checksum=plan.checksum("archives", "sbd"),
            expected=layout.expectation(preparation.trainaug(dataset)),
            code=jobs.code("prepare_voc"),
        message:
            f"Adding SBD's masks to {dataset.name}, and deriving trainaug"
        script:
            "../workflow_scripts/prepare_voc.py"


for dataset, layout in preparation.annotated(plan):

    rule:
        name:
            f"masks_{dataset.name}"
        input:
            layout.annotations(),
        output:
            layout.lists(),
        log:
            dataset.paths.log("masks"),
        benchmark:
            dataset.paths.benchmark("masks")
        conda:
            "../envs/urn.yaml"
        threads: 8
        resources:
            **plan.needs("index"),
        params:
            masks=preparation.folder(str(layout.masks_folder)),
            expected=preparation.coco_expectations(layout),
            code=jobs.code("prepare_coco"),
        message:
            f"Masks and tags of {dataset.name}, from its annotated objects"
        script:
            "../workflow_scripts/prepare_coco.py"


for target, lists in preparation.prepared(plan):

    rule:
        name:
            target
        input:
            lists,
        localrule: True
        message:
            "The images of the dataset are there"
