# How much there is to compute, by dataset.


def training_images(dataset, section, backbone=None):
    """Images that a training sees, each time counted."""
    resolved = configuration.resolve(config, dataset, section, backbone)
    return resolved["iterations"] * resolved["batch_size"]


def masking_backbones(dataset):
    """The backbones whose baselines make cyclic masks and weights in a plain run."""
    runs = DATASETS[dataset]["runs"].items()
    own = [
        b for b, rows in runs if any(SUPERVISIONS[r]["masks"] == "self" for r in rows)
    ]
    return list(dict.fromkeys([DATASETS[dataset]["teacher"], *own]))


def planned_trainings(dataset):
    """Backbone and supervision of every model that a plain run trains; last, those not asked for."""
    runs = DATASETS[dataset]["runs"].items()
    asked = [(backbone, row) for backbone, rows in runs for row in rows]
    needed = [(backbone, "baseline") for backbone in masking_backbones(dataset)]
    return list(dict.fromkeys(asked + needed))


def planned_work(dataset):
    """Stage, of what, jobs and images of what a plain run of a dataset computes."""
    train, val = (shards(dataset, split) for split in configuration.SPLITS)
    on_train = (len(train), sum(map(len, train.values())))
    on_val = (len(val), sum(map(len, val.values())))
    work = [("index", "", 1, on_train[1] + on_val[1])]
    if refiner(dataset) != "own":
        seen = training_images(dataset, "classification")
        work += [("train_classifier", "", 1, seen), ("cams", "", *on_train)]
    work.append(("pseudo_masks", refiner(dataset), *on_train))
    for backbone, row in planned_trainings(dataset):
        model = f"{backbone}/{row}"
        seen = training_images(dataset, "segmentation", backbone)
        work.append(("train_segmentation", model, 1, seen))
        if row == "baseline" and backbone in masking_backbones(dataset):
            work.append(("responses", f"{model} train", *on_train))
            work.append(("uncertainty", backbone, *on_train))
        if val and row in DATASETS[dataset]["runs"].get(backbone, []):
            work.append(("responses", f"{model} val", *on_val))
            work.append(("predictions", model, *on_val))
    return work
