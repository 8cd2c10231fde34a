#include <gtest/gtest.h>

#include "image/pictures.h"
#include "image/resample/resample_passes.h"
#include "tandem/core/random.h"

namespace tandem {
namespace {

constexpr Interpolation kFilters[] = {Interpolation::kBicubic, Interpolation::kBilinear,
                                      Interpolation::kLanczos, Interpolation::kBox};

using Pass = void (*)(const ImageView&, const ResampleWeights&, uint8_t*);

std::vector<uint8_t> run(Pass pass, const ImageView& source, const ResampleWeights& weights,
                         int64_t other_side) {
  std::vector<uint8_t> out(weights.windows.size() * static_cast<size_t>(other_side) * 3);
  pass(source, weights, out.data());
  return out;
}

/// Both passes over the same pixels, by the processor's best code and by the portable one.
void expect_same_bits(const Image& image, int64_t out_size, Interpolation filter) {
  const ResamplePasses* best = avx2_passes();
  SCOPED_TRACE(::testing::Message() << image.width << " x " << image.height << " to " << out_size);
  const auto across = make_resample_weights(whole_axis(image.width, out_size), filter);
  const ImageView view = view_of(image);
  EXPECT_EQ(run(best->horizontally, view, across, image.height),
            run(kPortablePasses.horizontally, view, across, image.height));
  const auto down = make_resample_weights(whole_axis(image.height, out_size), filter);
  EXPECT_EQ(run(best->vertically, view, down, image.width),
            run(kPortablePasses.vertically, view, down, image.width));
}

TEST(Resample, Avx2GivesThePortableBits) {
  if (avx2_passes() == nullptr) GTEST_SKIP() << "this processor has no AVX2";
  Random random(5);
  for (int i = 0; i < 200; ++i) {
    const auto side = [&random] { return static_cast<int64_t>(1 + random.below(90)); };
    const Image image = testing::noise(side(), side(), static_cast<uint64_t>(i));
    expect_same_bits(image, side(), kFilters[i % 4]);
  }
}

TEST(Resample, Avx2ClipsOvershootAsThePortableCodeDoes) {
  if (avx2_passes() == nullptr) GTEST_SKIP() << "this processor has no AVX2";
  Image image(64, 64);
  for (size_t i = 0; i < image.pixels.size(); ++i)
    image.pixels[i] = i / 3 % 64 < 32 ? 0 : 255;  // an edge, beside which lanczos rings
  expect_same_bits(image, 200, Interpolation::kLanczos);
  expect_same_bits(image, 31, Interpolation::kLanczos);
}

TEST(Resample, OneChangedWeightIsSeen) {
  const Image image = testing::noise(40, 40, 1);
  auto weights = make_resample_weights(whole_axis(40, 20), Interpolation::kBicubic);
  const auto before = run(resample_vertically, view_of(image), weights, 40);
  weights.weights[weights.weights.size() / 2] += 1 << 16;
  EXPECT_NE(run(resample_vertically, view_of(image), weights, 40), before);
}

}  // namespace
}  // namespace tandem
