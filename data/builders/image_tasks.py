"""Public test sets of images: title, test images and classes, as far as they are certain."""

from typing import NamedTuple

from builders.rows import Row


class TestSet(NamedTuple):
    """A test set; ``items`` counts what an accuracy on it is a share of."""

    title: str
    items: int | None = None
    classes: int | None = None


# Sizes are those of DataComp's list of evaluation tasks (mlfoundations/datacomp, tasklist.yml),
# but for flickr30k, where it counts the whole set and not the test images. For every task of
# Cherti et al. 2023, each score is a whole number of these items (tests/test_data_vision.py).
TEST_SETS = {
    "aircraft": TestSet("FGVC Aircraft", 3333, 100),
    "caltech101": TestSet("Caltech-101", 6085, 102),
    "camelyon17": TestSet("Camelyon17, tumours from an unseen hospital", 85054, 2),
    "cars": TestSet("Stanford Cars", 8041, 196),
    "cifar10": TestSet("CIFAR-10", 10000, 10),
    "cifar100": TestSet("CIFAR-100", 10000, 100),
    "clevr_count": TestSet("CLEVR, how many objects", 15000, 8),
    "clevr_distance": TestSet("CLEVR, how near the nearest object is", 15000, 6),
    "coco": TestSet("MSCOCO, images and captions", 5000),
    "coco_image": TestSet("MSCOCO, the image for a caption", 25010),
    "coco_text": TestSet("MSCOCO, a caption for the image", 5000),
    "country211": TestSet("Country211", 21100, 211),
    "dmlab": TestSet("DMLab, distance and kind of the nearest object", 22735, 6),
    "dollar_street": TestSet("Dollar Street, objects at home", None, 58),
    "dsprites_orientation": TestSet("dSprites, orientation", 73728, 40),
    "dsprites_position": TestSet("dSprites, horizontal position", 73728, 32),
    "dtd": TestSet("Describable Textures", 1880, 47),
    "eurosat": TestSet("EuroSAT", 5400, 10),
    "fer2013": TestSet("FER2013, facial expressions", 7178, 7),
    "flickr30k": TestSet("Flickr30k, images and captions", 1000),
    "flickr30k_image": TestSet("Flickr30k, the image for a caption", 5000),
    "flickr30k_text": TestSet("Flickr30k, a caption for the image", 1000),
    "flowers102": TestSet("Oxford Flowers-102", 6149, 102),
    "fmow": TestSet("Functional Map of the World", None, 62),
    "food101": TestSet("Food-101", 25250, 101),
    "geode": TestSet("GeoDE, objects by region", None, 40),
    "gtsrb": TestSet("German traffic signs", 12630, 43),
    "imagenet": TestSet("ImageNet validation", 50000, 1000),
    "imagenet_a": TestSet("ImageNet-A", 7500, 200),
    "imagenet_o": TestSet("ImageNet-O", 2000, 200),
    "imagenet_r": TestSet("ImageNet-R", 30000, 200),
    "imagenet_sketch": TestSet("ImageNet-Sketch", 50889, 1000),
    "imagenet_v2": TestSet("ImageNet-V2, matched frequency", 10000, 1000),
    "iwildcam": TestSet("iWildCam, animals at unseen cameras", None, 182),
    "kitti": TestSet("KITTI, how near the nearest vehicle is", 711, 4),
    "mnist": TestSet("MNIST", 10000, 10),
    "objectnet": TestSet("ObjectNet, the classes shared with ImageNet", 18574, 113),
    "pcam": TestSet("PatchCamelyon", 32768, 2),
    "pets": TestSet("Oxford-IIIT Pet", 3669, 37),
    "resisc45": TestSet("RESISC45", 6300, 45),
    "retinopathy": TestSet("Diabetic retinopathy", 42670, 5),
    "smallnorb_azimuth": TestSet("smallNORB, azimuth", 12150, 18),
    "smallnorb_elevation": TestSet("smallNORB, elevation", 12150, 9),
    "sst2": TestSet("Rendered SST2, sentiment of a sentence in an image", 1821, 2),
    "stl10": TestSet("STL-10", 8000, 10),
    "sun397": TestSet("SUN397", 108754, 397),
    "svhn": TestSet("SVHN", 26032, 10),
    "voc2007": TestSet("Pascal VOC 2007, one object cut out", 14976, 20),
    "voc2007_multilabel": TestSet("Pascal VOC 2007, all objects of an image", None, 20),
    "winogavil": TestSet("WinoGAViL, images that go with a word"),
}


def task_row(task: str, measure: str) -> Row:
    """Return the row of a table of tasks: what is unknown is empty."""
    title, items, classes = TEST_SETS[task]
    return {
        "task": task,
        "title": title,
        "measure": measure,
        "items": "" if items is None else items,
        "classes": "" if classes is None else classes,
    }
