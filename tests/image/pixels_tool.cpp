// Runs pixel work for scripts that compare it with another library's. Cases come from standard
// input, one per line, fields separated by tabs:
//
//   decode     FILE
//   resize     FILE  WIDTH  HEIGHT  FILTER  [LEFT  TOP  RIGHT  BOTTOM]
//   transform  FILE  SIZE  MODE  FILTER  CROP_PCT
//
// For each case one line "WIDTH HEIGHT" and the pixels (8-bit RGB, interleaved) go to standard
// output, or, with `--time ROUNDS`, one line with the seconds that each round took: processor time
// of one thread. `resize` is timed on a decoded picture, the others on the file's content in
// memory; `transform` ends with planes, as the loader needs them.

#include <ctime>
#include <functional>
#include <iostream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "tandem/core/error.h"
#include "tandem/core/files.h"
#include "tandem/image/resize.h"
#include "tandem/image/transform.h"

namespace {

using tandem::Image;
using tandem::Interpolation;
using tandem::ResizeMode;

const std::map<std::string, Interpolation> kFilters{{"bicubic", Interpolation::kBicubic},
                                                    {"bilinear", Interpolation::kBilinear},
                                                    {"lanczos", Interpolation::kLanczos},
                                                    {"box", Interpolation::kBox},
                                                    {"nearest", Interpolation::kNearest}};
const std::map<std::string, ResizeMode> kModes{{"shortest", ResizeMode::kShortest},
                                               {"longest", ResizeMode::kLongest},
                                               {"squash", ResizeMode::kSquash}};

/// A case, ready to be run as often as wanted.
using Work = std::function<Image()>;

std::vector<std::string> fields_of(const std::string& line) {
  std::vector<std::string> fields;
  std::istringstream stream(line);
  for (std::string field; std::getline(stream, field, '\t');) fields.push_back(field);
  return fields;
}

Work resize_work(const std::vector<std::string>& fields) {
  const Image image = tandem::load_image(fields.at(1), {});
  const int64_t width = std::stoll(fields.at(2));
  const int64_t height = std::stoll(fields.at(3));
  const Interpolation filter = kFilters.at(fields.at(4));
  if (fields.size() == 5) return [=] { return tandem::resize(image, width, height, filter); };
  const tandem::Box box{std::stod(fields.at(5)), std::stod(fields.at(6)), std::stod(fields.at(7)),
                        std::stod(fields.at(8))};
  return [=] { return tandem::resize(image, width, height, filter, box); };
}

Work transform_work(const std::vector<std::string>& fields, bool into_planes) {
  const std::string bytes = tandem::read_file(fields.at(1));
  const int64_t size = std::stoll(fields.at(2));
  const tandem::ImageTransformOptions options{.resize_mode = kModes.at(fields.at(3)),
                                              .interpolation = kFilters.at(fields.at(4)),
                                              .crop_pct = std::stod(fields.at(5))};
  std::vector<uint8_t> planes(static_cast<size_t>(into_planes ? 3 * size * size : 0));
  return [=]() mutable {
    Image image = tandem::evaluation_transform(tandem::decode_image(bytes, options), size, options);
    if (into_planes) tandem::write_planar(image, planes.data());
    return image;
  };
}

Work work_of(const std::vector<std::string>& fields, bool is_timed) {
  const std::string& kind = fields.at(0);
  if (kind == "resize") return resize_work(fields);
  if (kind == "transform") return transform_work(fields, is_timed);
  if (kind != "decode") throw tandem::Error(tandem::ErrorKind::kUsage, "unknown case " + kind);
  return [bytes = tandem::read_file(fields.at(1))] { return tandem::decode_image(bytes, {}); };
}

double thread_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

void print_times(const Work& work, int rounds) {
  for (int round = 0; round < rounds; ++round) {
    const double start = thread_seconds();
    const Image image = work();
    std::cout << (round == 0 ? "" : " ") << thread_seconds() - start;
  }
  std::cout << std::endl;
}

void print_pixels(const Image& image) {
  std::cout << image.width << ' ' << image.height << '\n';
  std::cout.write(reinterpret_cast<const char*>(image.pixels.data()),
                  static_cast<std::streamsize>(image.pixels.size()));
  std::cout.flush();
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc == 3 && std::string(argv[1]) == "--time" ? std::stoi(argv[2]) : 0;
  try {
    for (std::string line; std::getline(std::cin, line);) {
      const Work work = work_of(fields_of(line), rounds > 0);
      if (rounds > 0) {
        print_times(work, rounds);
      } else {
        print_pixels(work());
      }
    }
  } catch (const std::exception& error) {
    std::cerr << "tandem_pixels: " << error.what() << '\n';
    return 1;
  }
  return 0;
}
