#include <cstring>

#include "tandem/image/transform.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace tandem {
namespace {

/// Pixels from `first` on, one by one.
void write_planar_from(int64_t first, const Image& image, uint8_t* out) {
  const int64_t count = image.width * image.height;
  const uint8_t* rgb = image.pixels.data();
  for (int64_t i = first; i < count; ++i) {
    out[i] = rgb[3 * i];
    out[count + i] = rgb[3 * i + 1];
    out[2 * count + i] = rgb[3 * i + 2];
  }
}

#if defined(__x86_64__)

/// For byte i of a plane of 16 pixels, in which of the three loads its value is, and where.
struct Shuffles {
  alignas(16) char places[3][3][16] = {};  // [channel][load][i]; -1 for another load's

  constexpr Shuffles() {
    for (int channel = 0; channel < 3; ++channel) {
      for (int load = 0; load < 3; ++load) {
        for (int i = 0; i < 16; ++i) {
          const int place = 3 * i + channel - 16 * load;
          places[channel][load][i] = static_cast<char>(place >= 0 && place < 16 ? place : -1);
        }
      }
    }
  }
};
constexpr Shuffles kShuffles;

/// Returns how many pixels were written, in steps of 16.
__attribute__((target("ssse3"))) int64_t write_planar_ssse3(const Image& image, uint8_t* out) {
  const int64_t count = image.width * image.height;
  int64_t i = 0;
  for (; i + 16 <= count; i += 16) {
    __m128i loads[3];
    std::memcpy(loads, image.pixels.data() + 3 * i, sizeof(loads));
    for (int channel = 0; channel < 3; ++channel) {
      __m128i plane = _mm_setzero_si128();
      for (int load = 0; load < 3; ++load) {
        const auto* places = reinterpret_cast<const __m128i*>(kShuffles.places[channel][load]);
        plane = _mm_or_si128(plane, _mm_shuffle_epi8(loads[load], _mm_load_si128(places)));
      }
      _mm_storeu_si128(reinterpret_cast<__m128i*>(out + channel * count + i), plane);
    }
  }
  return i;
}

#endif

}  // namespace

void write_planar(const Image& image, uint8_t* out) {
  int64_t done = 0;
#if defined(__x86_64__)
  if (__builtin_cpu_supports("ssse3") != 0) done = write_planar_ssse3(image, out);
#endif
  write_planar_from(done, image, out);
}

}  // namespace tandem
