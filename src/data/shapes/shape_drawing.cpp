#include <algorithm>
#include <cmath>
#include <numbers>

#include <opencv2/imgproc.hpp>

#include "data/shapes/shape_scene.h"
#include "tandem/core/random.h"

namespace tandem {
namespace {

using Contour = std::vector<cv::Point2d>;
using Outline = std::vector<Contour>;  ///< Filled by the even-odd rule; y points down.

constexpr int kOversampling = 4;
constexpr int kFractionBits = 4;
constexpr int kArcPoints = 48;
constexpr double kPenShare = 0.045;  ///< Width of the outline, as a share of the image's side.
constexpr Rgb kInk = {20, 20, 24};
constexpr double kPi = std::numbers::pi;

cv::Point2d on_circle(double angle, double radius = 1) {
  return {radius * std::cos(angle), radius * std::sin(angle)};
}

void add_arc(Contour& contour, cv::Point2d center, double radius, double from, double to) {
  for (int i = 0; i <= kArcPoints; ++i)
    contour.push_back(center + on_circle(from + (to - from) * i / kArcPoints, radius));
}

Contour circle(double radius) {
  Contour contour;
  add_arc(contour, {0, 0}, radius, 0, 2 * kPi);
  return contour;
}

Contour triangle() {
  Contour contour;
  for (int i = 0; i < 3; ++i) contour.push_back(on_circle(-kPi / 2 + 2 * kPi * i / 3));
  return contour;
}

Contour star() {
  constexpr double kInner = 0.42;
  Contour contour;
  for (int i = 0; i < 10; ++i)
    contour.push_back(on_circle(-kPi / 2 + kPi * i / 5, i % 2 == 0 ? 1 : kInner));
  return contour;
}

Contour cross() {
  constexpr double kArm = 0.3;
  return {{-kArm, -1}, {kArm, -1}, {kArm, -kArm}, {1, -kArm}, {1, kArm},   {kArm, kArm},
          {kArm, 1},   {-kArm, 1}, {-kArm, kArm}, {-1, kArm}, {-1, -kArm}, {-kArm, -kArm}};
}

Contour heart() {
  Contour contour;
  for (int i = 0; i < kArcPoints; ++i) {
    const double t = 2 * kPi * i / kArcPoints;
    const double s = std::sin(t);
    const double y = 13 * std::cos(t) - 5 * std::cos(2 * t) - 2 * std::cos(3 * t) - std::cos(4 * t);
    contour.emplace_back(s * s * s, -y / 16);
  }
  return contour;
}

/// A unit disc less a disc of radius `bite` around (shift, 0).
Contour moon() {
  constexpr double kShift = 0.5;
  constexpr double kBite = 0.82;
  const double x = (kShift * kShift + 1 - kBite * kBite) / (2 * kShift);
  const double outer = std::acos(x);
  const double inner = std::acos((x - kShift) / kBite);
  Contour contour;
  add_arc(contour, {0, 0}, 1, outer, 2 * kPi - outer);
  add_arc(contour, {kShift, 0}, kBite, 2 * kPi - inner, inner);
  return contour;
}

/// In the order of the shapes' names.
const Outline& outline_of(int64_t shape) {
  static const std::vector<Outline> kOutlines = {{circle(1)},
                                                 {{{-1, -1}, {1, -1}, {1, 1}, {-1, 1}}},
                                                 {triangle()},
                                                 {star()},
                                                 {cross()},
                                                 {heart()},
                                                 {circle(1), circle(0.55)},
                                                 {moon()}};
  return kOutlines[static_cast<size_t>(shape)];
}

Outline turned(const Outline& outline, double angle) {
  const double c = std::cos(angle);
  const double s = std::sin(angle);
  Outline result = outline;
  for (Contour& contour : result)
    for (cv::Point2d& p : contour) p = {c * p.x - s * p.y, s * p.x + c * p.y};
  return result;
}

/// The outline at `side` × `side`, in fixed-point pixels, where the scene has it and where a pen of
/// width `pen` that follows it stays inside the image.
std::vector<std::vector<cv::Point>> placed(const ShapeScene& scene, double side, double pen) {
  const Outline outline = turned(outline_of(scene.shape), scene.angle);
  cv::Point2d low = outline[0][0];
  cv::Point2d high = low;
  for (const cv::Point2d& p : outline[0]) {
    low = {std::min(low.x, p.x), std::min(low.y, p.y)};
    high = {std::max(high.x, p.x), std::max(high.y, p.y)};
  }
  const double scale = (scene.extent * side - pen) / std::max(high.x - low.x, high.y - low.y);
  const auto place = [&](double from, double to, double share) {
    return pen / 2 + (side - pen - (to - from) * scale) * share - from * scale;
  };
  const cv::Point2d offset(place(low.x, high.x, scene.across), place(low.y, high.y, scene.down));
  std::vector<std::vector<cv::Point>> pixels(outline.size());
  for (size_t i = 0; i < outline.size(); ++i) {
    for (const cv::Point2d& p : outline[i])
      pixels[i].emplace_back((p * scale + offset - cv::Point2d(0.5, 0.5)) * (1 << kFractionBits));
  }
  return pixels;
}

/// Coverage of every pixel, 0 to 255: by the shape, and by the pen that draws its outline.
struct Coverage {
  cv::Mat fill;
  cv::Mat line;
};

cv::Mat shrunk(const cv::Mat& large, int size) {
  cv::Mat mask;
  cv::resize(large, mask, cv::Size(size, size), 0, 0, cv::INTER_AREA);
  return mask;
}

Coverage coverage(const ShapeScene& scene, int size) {
  const int side = size * kOversampling;
  const int pen = std::max(1, static_cast<int>(std::lround(kPenShare * side)));
  const auto pixels = placed(scene, side, pen);
  cv::Mat fill(side, side, CV_8UC1, cv::Scalar(0));
  cv::fillPoly(fill, pixels, cv::Scalar(255), cv::LINE_8, kFractionBits);
  cv::Mat line(side, side, CV_8UC1, cv::Scalar(0));
  cv::polylines(line, pixels, true, cv::Scalar(255), pen, cv::LINE_8, kFractionBits);
  return {.fill = shrunk(fill, size), .line = shrunk(line, size)};
}

}  // namespace

Image draw_scene(const ShapeScene& scene, int64_t size) {
  const Coverage covered = coverage(scene, static_cast<int>(size));
  Image image(size, size);
  Random random(scene.noise_seed);
  for (int64_t y = 0; y < size; ++y) {
    const double down = size > 1 ? static_cast<double>(y) / static_cast<double>(size - 1) : 0;
    Rgb ground{};
    for (size_t c = 0; c < 3; ++c)
      ground[c] = scene.top[c] + (scene.bottom[c] - scene.top[c]) * down;
    const uint8_t* fill = covered.fill.ptr(static_cast<int>(y));
    const uint8_t* line = covered.line.ptr(static_cast<int>(y));
    uint8_t* out = image.row(y);
    for (int64_t x = 0; x < size; ++x) {
      const double noise = scene.noise > 0 ? random.uniform(-scene.noise, scene.noise) : 0;
      for (size_t c = 0; c < 3; ++c) {
        const double under = ground[c] + noise;
        const double painted = under + (scene.paint[c] - under) * fill[x] / 255.0;
        const double value = painted + (kInk[c] - painted) * line[x] / 255.0;
        *out++ = static_cast<uint8_t>(std::clamp(value + 0.5, 0.0, 255.0));
      }
    }
  }
  return image;
}

}  // namespace tandem
