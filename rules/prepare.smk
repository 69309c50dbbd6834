# Official files -> a dataset's images, masks and lists: `snakemake -- prepare_<dataset>`, before all else.

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
        message:
            f"Unpacking into {unpacking.root}"
        script:
            "../workflow_scripts/unpack.py"


for dataset in preparation.downloaded(plan, "voc"):

    rule:
        name:
            f"prepare_{dataset.name}"
        input:
            **preparation.voc_sources(plan, dataset),
        output:
            preparation.trainaug(dataset),
        log:
            dataset.paths.log("prepare"),
        benchmark:
            dataset.paths.benchmark("prepare")
        conda:
            "../envs/urn.yaml"
        resources:
            **plan.needs("index"),
        params:
            masks=preparation.folder(f"{dataset.root}/SegmentationClass"),
            checksum=plan.checksum("archives", "sbd"),
            code=jobs.code("prepare_voc"),
        message:
            f"Adding SBD's masks to {dataset.name}, and deriving trainaug"
        script:
            "../workflow_scripts/prepare_voc.py"


for dataset in plan.with_layout("coco"):

    rule:
        name:
            f"prepare_{dataset.name}"
        input:
            preparation.coco_annotations(dataset),
        output:
            dataset.layout.lists(),
        log:
            dataset.paths.log("prepare"),
        benchmark:
            dataset.paths.benchmark("prepare")
        conda:
            "../envs/urn.yaml"
        threads: 8
        resources:
            **plan.needs("index"),
        params:
            masks=preparation.folder(f"{dataset.root}/masks"),
            code=jobs.code("prepare_coco"),
        message:
            f"Masks and tags of {dataset.name}, from its annotated objects"
        script:
            "../workflow_scripts/prepare_coco.py"
