#include <algorithm>
#include <cmath>
#include <numbers>

#include "image/resample.h"

namespace tandem {
namespace {

double triangle(double x) {
  x = std::fabs(x);
  return x < 1.0 ? 1.0 - x : 0.0;
}

/// Keys' cubic convolution kernel with a = -0.5 (1981), in Horner's form.
double cubic(double x) {
  constexpr double a = -0.5;
  x = std::fabs(x);
  if (x < 1.0) return ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0;
  if (x < 2.0) return (((x - 5.0) * x + 8.0) * x - 4.0) * a;
  return 0.0;
}

double sinc(double x) {
  if (x == 0.0) return 1.0;
  x *= std::numbers::pi;
  return std::sin(x) / x;
}

double lanczos(double x) { return x >= -3.0 && x < 3.0 ? sinc(x) * sinc(x / 3.0) : 0.0; }

double box(double x) { return x > -0.5 && x <= 0.5 ? 1.0 : 0.0; }

struct Filter {
  double (*function)(double);
  double support;  ///< Half its width.
};

Filter filter_of(Interpolation interpolation) {
  switch (interpolation) {
    case Interpolation::kBox: return {box, 0.5};
    case Interpolation::kBilinear: return {triangle, 1.0};
    case Interpolation::kLanczos: return {lanczos, 3.0};
    default: return {cubic, 2.0};
  }
}

int32_t to_fixed_point(double weight) {
  constexpr double kOne = 1 << ResampleWeights::kFractionBits;
  return static_cast<int32_t>(weight < 0 ? -0.5 + weight * kOne : 0.5 + weight * kOne);
}

}  // namespace

ResampleWeights make_resample_weights(const ResampleAxis& axis, Interpolation interpolation) {
  const Filter filter = filter_of(interpolation);
  const double scale =
      static_cast<double>(axis.last - axis.first) / static_cast<double>(axis.out_size);
  const double stretch = std::max(scale, 1.0);
  const double support = filter.support * stretch;
  const double inverse_stretch = 1.0 / stretch;

  ResampleWeights result;
  result.windows.reserve(static_cast<size_t>(axis.out_count));
  std::vector<double> real;
  for (int64_t i = axis.out_first; i < axis.out_first + axis.out_count; ++i) {
    const double center = axis.first + (static_cast<double>(i) + 0.5) * scale;
    const int64_t first = std::max<int64_t>(static_cast<int64_t>(center - support + 0.5), 0);
    const int64_t last = std::min(static_cast<int64_t>(center + support + 0.5), axis.in_size);
    double sum = 0;
    real.clear();
    for (int64_t x = first; x < last; ++x) {
      real.push_back(filter.function((static_cast<double>(x) - center + 0.5) * inverse_stretch));
      sum += real.back();
    }
    result.windows.push_back({.first = first,
                              .count = last - first,
                              .offset = static_cast<int64_t>(result.weights.size())});
    for (const double weight : real)
      result.weights.push_back(to_fixed_point(sum != 0.0 ? weight / sum : weight));
  }
  result.in_first = result.windows.front().first;
  result.in_count = result.windows.back().first + result.windows.back().count - result.in_first;
  for (auto& window : result.windows) window.first -= result.in_first;
  return result;
}

}  // namespace tandem
