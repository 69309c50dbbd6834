import os
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from urn.errors import UserError
from urn.files.images import image_size, palette, read_image, read_mask, write_grey, write_mask

HEIGHT, WIDTH = 5, 7
GREY = np.arange(HEIGHT * WIDTH, dtype=np.uint8).reshape(HEIGHT, WIDTH) * 7


def as_rgb(grey):
    return np.stack([grey] * 3, axis=2)


def save(image, path, **options):
    image.save(path, **options)
    return path


def test_rgb_png_is_read_as_written(tmp_path):
    rgb = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    image = read_image(save(Image.fromarray(rgb), tmp_path / "a.png"))
    assert image.dtype == np.uint8
    np.testing.assert_array_equal(image, rgb)
    image[0, 0] = 0  # the caller owns it


def test_jpg_is_close_to_what_was_written(tmp_path):
    rgb = np.full((16, 24, 3), (200, 60, 20), dtype=np.uint8)
    image = read_image(save(Image.fromarray(rgb), tmp_path / "a.jpg", quality=95))
    assert image.shape == (16, 24, 3)
    assert np.abs(image.astype(int) - rgb).max() <= 4


def test_grey_is_repeated_over_the_channels(tmp_path):
    path = save(Image.fromarray(GREY), tmp_path / "a.png")
    np.testing.assert_array_equal(read_image(path), as_rgb(GREY))


def test_one_bit_is_black_and_white(tmp_path):
    bits = GREY > 100
    path = save(Image.fromarray(bits), tmp_path / "a.png")
    with Image.open(path) as image:
        assert image.mode == "1"
    np.testing.assert_array_equal(read_image(path), as_rgb(bits * np.uint8(255)))


def test_palette_colours_are_looked_up(tmp_path):
    write_mask(tmp_path / "a.png", GREY)
    np.testing.assert_array_equal(read_image(tmp_path / "a.png"), palette()[GREY])


def test_transparent_palette_entry_becomes_white(tmp_path):
    write_mask(tmp_path / "a.png", GREY)
    with Image.open(tmp_path / "a.png") as image:
        image.save(tmp_path / "b.png", transparency=7)
    expected = palette()[GREY]
    expected[GREY == 7] = 255
    assert (GREY == 7).any()
    np.testing.assert_array_equal(read_image(tmp_path / "b.png"), expected)


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparency_is_laid_on_white(tmp_path, mode):
    alpha = np.full_like(GREY, 255)
    alpha[0], alpha[1] = 0, 102  # nothing, and two fifths
    channels = [GREY] * (len(mode) - 1) + [alpha]
    image = Image.merge(mode, [Image.fromarray(channel) for channel in channels])
    expected = GREY + (255.0 - GREY) * (1 - alpha / 255.0)
    read = read_image(save(image, tmp_path / "a.png"))
    assert np.abs(read - as_rgb(expected)).max() <= 1
    assert (read[0] == 255).all()


@pytest.mark.parametrize("suffix", ["png", "tif"])
@pytest.mark.parametrize("highest", [65535, 255])
def test_16_bit_grey_is_scaled_whatever_its_highest_value(tmp_path, suffix, highest):
    deep = np.linspace(0, highest, GREY.size).round().astype(np.uint16).reshape(GREY.shape)
    path = save(Image.fromarray(deep), tmp_path / f"a.{suffix}")
    with Image.open(path) as image:
        assert image.mode == "I;16"
    expected = np.round(deep.astype(np.float64) * 255 / 65535).astype(np.uint8)
    np.testing.assert_array_equal(read_image(path), as_rgb(expected))


def test_12_bit_tiff_is_scaled_by_its_own_range(tmp_path):
    height, width = 4, 6
    deep = np.linspace(0, 4095, height * width).round().astype(np.uint16)
    pairs = deep.reshape(-1, 2).astype(np.uint32)
    packed = b"".join(int(high << 12 | low).to_bytes(3, "big") for high, low in pairs)
    fields = [(256, width), (257, height), (258, 12), (259, 1), (262, 1), (273, 8), (277, 1)]
    fields += [(278, height), (279, len(packed))]
    directory = struct.pack("<H", len(fields))
    directory += b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in fields)
    start = struct.pack("<2sHI", b"II", 42, 8 + len(packed))
    (tmp_path / "a.tif").write_bytes(start + packed + directory + bytes(4))
    expected = np.round(deep * (255 / 4095)).astype(np.uint8).reshape(height, width)
    np.testing.assert_array_equal(read_image(tmp_path / "a.tif"), as_rgb(expected))


def test_heic_photographs_are_read(tmp_path):
    rgb = np.zeros((32, 48, 3), np.uint8)
    rgb[:, :24] = (200, 60, 20)
    path = Path(__file__).parent / "photo.heic"
    assert image_size(path) == rgb.shape[:2]
    assert np.abs(read_image(path).astype(int) - rgb).mean() < 2
    (tmp_path / "cut.heic").write_bytes(path.read_bytes()[:400])
    with pytest.raises(UserError, match=r"cut\.heic cannot be read"):
        read_image(tmp_path / "cut.heic")


@pytest.mark.parametrize("read", [read_image, image_size, read_mask])
def test_a_pipe_is_not_waited_for(tmp_path, read):
    os.mkfifo(tmp_path / "a.png")
    with pytest.raises(UserError, match=r"a\.png is not a file: replace"):
        read(tmp_path / "a.png")


@pytest.mark.parametrize("dtype", [np.int32, np.float32])
def test_32_bit_values_are_refused(tmp_path, dtype):
    path = save(Image.fromarray(GREY.astype(dtype)), tmp_path / "a.tif")
    with pytest.raises(UserError, match=r"a\.tif has 32-bit values: save it"):
        read_image(path)


def test_cmyk_jpg_is_converted(tmp_path):
    cmyk = np.zeros((16, 16, 4), dtype=np.uint8)
    cmyk[..., 0] = 255  # full cyan ink
    path = save(Image.fromarray(cmyk, mode="CMYK"), tmp_path / "a.jpg", quality=95)
    assert np.abs(read_image(path).astype(int) - (0, 255, 255)).max() <= 4


# What a viewer must do to the stored array, by the EXIF standard's table of orientations.
UPRIGHT = {
    1: lambda stored: stored,
    2: lambda stored: stored[:, ::-1],
    3: lambda stored: stored[::-1, ::-1],
    4: lambda stored: stored[::-1],
    5: lambda stored: stored.swapaxes(0, 1),
    6: lambda stored: np.rot90(stored, -1),
    7: lambda stored: stored[::-1, ::-1].swapaxes(0, 1),
    8: lambda stored: np.rot90(stored, 1),
}


@pytest.mark.parametrize("orientation", UPRIGHT)
@pytest.mark.parametrize("suffix", ["jpg", "png"])
def test_exif_orientation_is_applied(tmp_path, orientation, suffix):
    stored = np.zeros((16, 32, 3), dtype=np.uint8)
    stored[:8, :16], stored[:8, 16:], stored[8:, :16] = (250, 0, 0), (0, 250, 0), (0, 0, 250)
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = Image.fromarray(stored)
    options = {"quality": 100, "subsampling": 0} if suffix == "jpg" else {}
    path = save(image, tmp_path / f"a.{suffix}", exif=exif, **options)
    expected = UPRIGHT[orientation](stored)
    read = read_image(path)
    assert read.shape == expected.shape
    assert np.abs(read.astype(int) - expected).max() <= 4
    assert image_size(path) == expected.shape[:2]


def test_image_size_is_height_and_width(tmp_path):
    assert image_size(save(Image.fromarray(GREY), tmp_path / "a.png")) == (HEIGHT, WIDTH)


@pytest.mark.parametrize("suffix", ["jpg", "png"])
def test_truncated_image_is_the_users_to_mend(tmp_path, suffix):
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    path = save(Image.fromarray(noise), tmp_path / f"a.{suffix}")
    path.write_bytes(path.read_bytes()[:1500])
    with pytest.raises(UserError, match=rf"image .*a\.{suffix} cannot be read .*: replace"):
        read_image(path)


@pytest.mark.parametrize("read", [read_image, image_size])
def test_missing_file_and_text_are_the_users_to_mend(tmp_path, read):
    with pytest.raises(UserError, match=r"absent\.jpg does not exist"):
        read(tmp_path / "absent.jpg")
    (tmp_path / "text.jpg").write_text("no image")
    with pytest.raises(UserError, match=r"text\.jpg cannot be read"):
        read(tmp_path / "text.jpg")


def test_mask_and_grey_come_back_as_written(tmp_path):
    values = np.arange(256, dtype=np.uint8).reshape(8, 32)
    write_mask(tmp_path / "mask.png", values)
    write_grey(tmp_path / "grey.png", values)
    for name, mode in (("mask.png", "P"), ("grey.png", "L")):
        np.testing.assert_array_equal(read_mask(tmp_path / name), values)
        with Image.open(tmp_path / name) as image:
            assert image.mode == mode


def test_palette_is_that_of_voc():
    # Known entries: aeroplane, bicycle, tvmonitor, and the border (255).
    colours = palette()
    assert colours[[0, 1, 2, 20, 255]].tolist() == [
        [0, 0, 0],
        [128, 0, 0],
        [0, 128, 0],
        [0, 64, 128],
        [224, 224, 192],
    ]


@pytest.mark.parametrize("mode", ["RGB", "1", "LA"])
def test_mask_of_another_mode_is_refused(tmp_path, mode):
    path = save(Image.new(mode, (4, 4)), tmp_path / "mask.png")
    with pytest.raises(UserError, match=rf"mask\.png has mode {mode}: save it as"):
        read_mask(path)


def test_a_png_with_other_pixels_than_were_written_is_refused(tmp_path):
    """Pillow reads a byte that was changed as another colour."""
    path = tmp_path / "a.png"
    Image.fromarray(GREY).save(path, compress_level=0)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"a\.png cannot be read \(.*broken PNG"):
        read_image(path)
