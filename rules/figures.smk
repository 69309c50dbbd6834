# Pictures of what happened, as rules/plan/figures.py registers them.

for sheet in figures.SHEETS:

    rule:
        name:
            sheet.rule
        input:
            index=ancient(paths.index()),
            table=paths.table(sheet.table),
        output:
            report(paths.figure(sheet.name), **sheet.place),
        log:
            paths.log(sheet.job),
        benchmark:
            paths.benchmark(sheet.job)
        conda:
            "../envs/urn.yaml"
        resources:
            **plan.needs("scores"),
        params:
            by=sheet.by,
            data=jobs.data(*sheet.data, split=sheet.split),
            quantiles=sheet.quantiles,
            heading=sheet.headed,
            tiles=sheet.tiles,
            columns=jobs.of(sheet.columns),
            caption=sheet.told,
            code=jobs.code("image_sheet"),
        message:
            "Drawing {output}"
        script:
            "../workflow_scripts/image_sheet.py"


rule example:
    input:
        index=ancient(paths.index()),
        table=paths.table("train_images"),
        model=paths.training().model,
        masks=jobs.limiting_masks,
    output:
        paths.example(),
    log:
        paths.log("example_{backbone}_{supervision}"),
    benchmark:
        paths.benchmark("example_{backbone}_{supervision}")
    conda:
        "../envs/urn.yaml"
    resources:
        **plan.needs("figures"),
    params:
        settings=jobs.settings("responses"),
        labels=jobs.labels,
        data=jobs.data_of_responses,
        resize=jobs.setting("segmentation", "resize"),
        working_size=jobs.working_size,
        code=jobs.code("example"),
    message:
        "The response of {wildcards.backbone}/{wildcards.supervision} to the image of the figures"
    script:
        "../workflow_scripts/example.py"


for figure in figures.OF_EXAMPLE:

    rule:
        name:
            figure.rule
        input:
            index=ancient(paths.index()),
            table=paths.table("train_images"),
            baseline=jobs.file(paths.example("{teacher}", "baseline")),
        output:
            report(paths.figure(figure.name), **figure.place),
        log:
            paths.log(figure.job),
        benchmark:
            paths.benchmark(figure.job)
        conda:
            "../envs/urn.yaml"
        resources:
            **plan.needs("figures"),
        params:
            data=jobs.data("images", "masks"),
            draw=figure.draw,
            options=jobs.of(figure.options),
            working_size=jobs.working_size,
            crf_backend=config["crf_backend"],
            caption=figure.told,
            code=jobs.code("example_figure", figure.draw),
        message:
            "Drawing {output}"
        script:
            "../workflow_scripts/example_figure.py"


rule pipeline_figure:
    input:
        index=ancient(paths.index()),
        table=paths.table("train_images"),
        cams=jobs.all_cams,
        baseline=jobs.file(paths.example("{teacher}", "baseline")),
        urn=jobs.file(paths.example("{teacher}", "urn")),
    output:
        report(paths.figure("pipeline"), **figures.PIPELINE.place),
    log:
        paths.log("pipeline_figure"),
    benchmark:
        paths.benchmark("pipeline_figure")
    conda:
        "../envs/urn.yaml"
    resources:
        **plan.needs("figures"),
    params:
        data=jobs.data("images", "tags", "masks"),
        ids=jobs.shards_with_cams,
        masks=jobs.of(targets.pipeline_masks),
        weights=jobs.file(paths.weights("{teacher}")),
        t=plan.threshold,
        working_size=jobs.working_size,
        crf_backend=config["crf_backend"],
        caption=figures.PIPELINE.told,
        code=jobs.code("pipeline_figure"),
    message:
        "Drawing one image of {wildcards.dataset} through every stage"
    script:
        "../workflow_scripts/pipeline_figure.py"


for chart in figures.CHARTS:

    rule:
        name:
            chart.rule
        input:
            jobs.of(chart.tables),
        output:
            report(paths.figure(chart.name), **chart.place),
        log:
            paths.log(chart.job),
        benchmark:
            paths.benchmark(chart.job)
        conda:
            "../envs/urn.yaml"
        resources:
            **plan.needs("scores"),
        params:
            columns=chart.columns,
            draw=chart.draw,
            options=jobs.of(chart.options),
            caption=chart.told,
            code=jobs.code("chart", chart.draw),
        message:
            "Drawing {output}"
        script:
            "../workflow_scripts/chart.py"
