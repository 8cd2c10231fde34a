#include <fstream>
#include <map>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "image/formats/color.h"
#include "image/pictures.h"
#include "tandem/image/resize.h"
#include "tandem/image/transform.h"

namespace tandem {
namespace {

using Json = nlohmann::json;
using testing::noise;

const std::string kFolder = std::string(TANDEM_SOURCE_DIR) + "/tests/golden/";

const std::map<std::string, Interpolation> kFilters{{"bicubic", Interpolation::kBicubic},
                                                    {"bilinear", Interpolation::kBilinear},
                                                    {"lanczos", Interpolation::kLanczos},
                                                    {"box", Interpolation::kBox},
                                                    {"nearest", Interpolation::kNearest}};

Json cases(const char* section, const char* file_name = "images.json") {
  std::ifstream file(kFolder + file_name);
  const Json golden = Json::parse(file);
  EXPECT_GE(golden.at(section).size(), 15U) << "golden file is incomplete";
  return golden.at(section);
}

/// FNV-1a, 64 bits.
std::string hash_of(const Image& image) {
  uint64_t value = 0xCBF29CE484222325U;
  for (const uint8_t byte : image.pixels) value = (value ^ byte) * 0x100000001B3U;
  return fmt::format("{:016x}", value);
}

void expect_equal(const Image& image, const Json& expected) {
  SCOPED_TRACE(expected.dump());
  EXPECT_EQ(image.width, expected.at("size").at(0).get<int64_t>());
  EXPECT_EQ(image.height, expected.at("size").at(1).get<int64_t>());
  const auto head = expected.at("head").get<std::vector<int>>();
  ASSERT_GE(image.pixels.size(), head.size());
  EXPECT_EQ(std::vector<int>(image.pixels.begin(),
                             image.pixels.begin() + static_cast<std::ptrdiff_t>(head.size())),
            head);
  EXPECT_EQ(hash_of(image), expected.at("hash").get<std::string>());
}

Image input_of(const Json& golden) {
  return noise(golden.at("in").at(0), golden.at("in").at(1), golden.at("seed"));
}

TEST(Golden, ResizeEqualsPillow) {
  for (const Json& golden : cases("resize")) {
    const Image image = input_of(golden);
    const Interpolation filter = kFilters.at(golden.at("filter"));
    const int64_t width = golden.at("size").at(0);
    const int64_t height = golden.at("size").at(1);
    const Json& box = golden.at("box");
    expect_equal(box.is_null()
                     ? resize(image, width, height, filter)
                     : resize(image, width, height, filter, {box[0], box[1], box[2], box[3]}),
                 golden);
  }
}

TEST(Golden, OneChangedInputValueChangesTheHash) {
  const Json golden = cases("resize").at(0);
  Image image = input_of(golden);
  image.pixels[image.pixels.size() / 2] ^= 0x40;
  EXPECT_NE(hash_of(resize(image, golden.at("size").at(0), golden.at("size").at(1),
                           Interpolation::kBicubic)),
            golden.at("hash").get<std::string>());
}

TEST(Golden, EvaluationTransformEqualsTorchvisionOnPillow) {
  for (const Json& golden : cases("evaluation")) {
    ImageTransformOptions options;
    options.interpolation = kFilters.at(golden.at("filter"));
    options.resize_mode =
        golden.at("mode") == "squash" ? ResizeMode::kSquash : ResizeMode::kShortest;
    const int64_t size = golden.at("size").at(0);
    expect_equal(evaluation_transform(input_of(golden), size, options), golden);
  }
}

TEST(Golden, ColorChangesEqualPillowAndTorchvision) {
  for (const Json& golden : cases("color")) {
    Image image = input_of(golden);
    const std::string change = golden.at("change");
    const double factor = golden.at("factor");
    if (change == "brightness") adjust_brightness(image, factor);
    if (change == "contrast") adjust_contrast(image, factor);
    if (change == "saturation") adjust_saturation(image, factor);
    if (change == "hue") adjust_hue(image, factor);
    if (change == "gray") turn_gray(image);
    expect_equal(image, golden);
  }
}

TEST(Golden, DecodedFilesEqualPillow) {
  for (const Json& golden : cases("decode")) {
    ImageTransformOptions options{.background = "drop"};
    options.exif =
        golden.at("exif") == "apply" ? ExifOrientation::kApply : ExifOrientation::kIgnore;
    const std::string path = kFolder + "images/" + golden.at("file").get<std::string>();
    expect_equal(load_image(path, options), golden);
  }
}

TEST(Golden, TransparentFilesEqualPillowAndTransformers) {
  for (const Json& golden : cases("cases", "transparency.json")) {
    const ImageTransformOptions options{.resize_mode = ResizeMode::kSquash,
                                        .background = golden.at("background")};
    const std::string path = kFolder + "transparency/" + golden.at("file").get<std::string>();
    const Image image = load_image(path, options);
    expect_equal(image, golden);
    EXPECT_EQ(image.transparent, golden.at("transparent").get<bool>()) << path;
    expect_equal(load_for_evaluation(path, 8, options), golden.at("resized"));
  }
}

TEST(Golden, DropAfterResizeEqualsOpenClip) {
  const std::map<std::string, ResizeMode> modes{{"shortest", ResizeMode::kShortest},
                                                {"longest", ResizeMode::kLongest},
                                                {"squash", ResizeMode::kSquash}};
  for (const Json& golden : cases("cases", "late_conversion.json")) {
    ImageTransformOptions options{.background = "drop_after_resize"};
    options.resize_mode = modes.at(golden.at("resize_mode"));
    options.interpolation = kFilters.at(golden.at("filter"));
    options.exif =
        golden.at("exif") == "apply" ? ExifOrientation::kApply : ExifOrientation::kIgnore;
    const std::string path = kFolder + golden.at("file").get<std::string>();
    const int64_t size = golden.at("size").at(0);
    expect_equal(load_for_evaluation(path, size, options), golden);
    expect_equal(evaluation_transform(load_image(path, options), size, options), golden);
  }
}

}  // namespace
}  // namespace tandem
