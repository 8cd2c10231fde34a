#include <algorithm>
#include <cmath>
#include <numbers>

#include "image/resample/resample.h"

namespace tandem {
namespace {

double triangle(double x) {
  x = std::fabs(x);
  return x < 1.0 ? 1.0 - x : 0.0;
}

/// Keys' cubic convolution kernel with a = -0.5 (1981), in Horner's form.
double cubic(double x) {
  const double a = -0.5;
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

/// One axis under one filter.
class Scaling {
 public:
  Scaling(const ResampleAxis& axis, const Filter& filter)
      : function_(filter.function), in_size_(axis.in_size), in_first_(axis.first) {
    scale_ = static_cast<double>(axis.last - axis.first) / static_cast<double>(axis.out_size);
    const double stretch = std::max(scale_, 1.0);
    support_ = filter.support * stretch;
    inverse_stretch_ = 1.0 / stretch;
  }

  /// The input pixels under the filter for output pixel `i`.
  [[nodiscard]] Span window(int64_t i) const {
    const double middle = center(i);
    const int64_t first = std::max<int64_t>(static_cast<int64_t>(middle - support_ + 0.5), 0);
    const int64_t last = std::min(static_cast<int64_t>(middle + support_ + 0.5), in_size_);
    return {.first = first, .count = last - first};
  }

  [[nodiscard]] double weight(int64_t i, int64_t x) const {
    return function_((static_cast<double>(x) - center(i) + 0.5) * inverse_stretch_);
  }

 private:
  [[nodiscard]] double center(int64_t i) const {
    return in_first_ + (static_cast<double>(i) + 0.5) * scale_;
  }

  double (*function_)(double);
  int64_t in_size_;
  float in_first_;
  double scale_;
  double support_;
  double inverse_stretch_;
};

}  // namespace

Span needed_span(const ResampleAxis& axis, Interpolation interpolation) {
  if (interpolation == Interpolation::kNearest) return {.first = 0, .count = axis.in_size};
  const Scaling scaling(axis, filter_of(interpolation));
  const Span first = scaling.window(axis.out_first);
  const Span last = scaling.window(axis.out_first + axis.out_count - 1);
  return {.first = first.first, .count = last.first + last.count - first.first};
}

ResampleWeights make_resample_weights(const ResampleAxis& axis, Interpolation interpolation) {
  const Scaling scaling(axis, filter_of(interpolation));
  const Span needed = needed_span(axis, interpolation);
  ResampleWeights result;
  result.in_first = needed.first;
  result.in_count = needed.count;
  result.windows.reserve(static_cast<size_t>(axis.out_count));
  std::vector<double> real;
  for (int64_t i = axis.out_first; i < axis.out_first + axis.out_count; ++i) {
    const Span window = scaling.window(i);
    double sum = 0;
    real.clear();
    for (int64_t x = window.first; x < window.first + window.count; ++x) {
      real.push_back(scaling.weight(i, x));
      sum += real.back();
    }
    result.windows.push_back({.first = window.first - needed.first,
                              .count = window.count,
                              .offset = static_cast<int64_t>(result.weights.size())});
    for (const double weight : real)
      result.weights.push_back(to_fixed_point(sum != 0.0 ? weight / sum : weight));
  }
  return result;
}

}  // namespace tandem
