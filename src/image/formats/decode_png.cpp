#include <array>
#include <csetjmp>
#include <cstring>
#include <string>
#include <vector>

#include <fmt/format.h>

#include <png.h>

#include "image/formats/decode.h"
#include "image/formats/segments.h"
#include "image/formats/stored_mode.h"
#include "image/formats/transparency.h"

namespace tandem {
namespace {

constexpr size_t kSignatureBytes = 8;

/// A pixel of the reader's rows: an index into the palette, a colour, or a colour with alpha.
constexpr int64_t kIndexBytes = 1;
constexpr int64_t kColorBytes = 3;
constexpr int64_t kColorAlphaBytes = 4;

using Palette = std::array<std::array<uint8_t, 3>, 256>;

/// Calls of libpng that return false instead of jumping. libpng leaves by longjmp; the
/// functions it jumps out of hold nothing that would need a destructor. Its warnings are about
/// things that no pixel depends on. Text, profiles, metadata and further frames of an animation are
/// skipped: only their checksums are looked at.
class PngReader {
 public:
  explicit PngReader(std::string_view bytes) : rest_(bytes) {}
  ~PngReader() { png_destroy_read_struct(&png_, &info_, nullptr); }
  PngReader(const PngReader&) = delete;
  PngReader& operator=(const PngReader&) = delete;

  /// Reads what comes before the pixels.
  bool read_header() {
    if (setjmp(jump_) != 0) return false;
    png_ = png_create_read_struct(PNG_LIBPNG_VER_STRING, this, give_up, ignore);
    if (png_ == nullptr) return false;
    info_ = png_create_info_struct(png_);
    png_set_read_fn(png_, this, give_bytes);
    // The caller counts the pixels, and a chunk of any length can be skipped.
    png_set_user_limits(png_, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
    png_set_chunk_malloc_max(png_, 0);
    png_set_crc_action(png_, PNG_CRC_ERROR_QUIT, PNG_CRC_ERROR_QUIT);
    png_set_keep_unknown_chunks(png_, PNG_HANDLE_CHUNK_NEVER, nullptr, -1);
    png_set_keep_unknown_chunks(png_, PNG_HANDLE_CHUNK_NEVER,
                                reinterpret_cast<png_const_bytep>("tRNS"), 1);
    png_read_info(png_, info_);
    color_type_ = png_get_color_type(png_, info_);
    bit_depth_ = png_get_bit_depth(png_, info_);
    return true;
  }

  /// Fills the rows, pixel_bytes() for each pixel, and reads the file to its end.
  bool read_rows(uint8_t* target) {
    if (setjmp(jump_) != 0) return false;
    if (color_type() == PNG_COLOR_TYPE_PALETTE) {
      png_set_packing(png_);
    } else {
      png_set_expand_gray_1_2_4_to_8(png_);
      png_set_strip_16(png_);
      png_set_gray_to_rgb(png_);
    }
    const int passes = png_set_interlace_handling(png_);
    png_read_update_info(png_, info_);
    is_at_pixels_ = true;
    for (int pass = 0; pass < passes; ++pass)
      for (int64_t y = 0; y < height(); ++y)
        png_read_row(png_, target + y * width() * pixel_bytes(), nullptr);
    is_at_pixels_ = false;
    png_read_end(png_, nullptr);
    return true;
  }

  [[nodiscard]] int64_t width() const { return png_get_image_width(png_, info_); }
  [[nodiscard]] int64_t height() const { return png_get_image_height(png_, info_); }
  [[nodiscard]] uint8_t color_type() const { return color_type_; }
  [[nodiscard]] uint8_t bit_depth() const { return bit_depth_; }
  [[nodiscard]] int64_t pixel_bytes() const {
    if (color_type() == PNG_COLOR_TYPE_PALETTE) return kIndexBytes;
    return (color_type() & PNG_COLOR_MASK_ALPHA) != 0 ? kColorAlphaBytes : kColorBytes;
  }

  /// The colours of the indices; black where the file has none.
  [[nodiscard]] Palette palette() const {
    Palette palette{};
    png_colorp colors = nullptr;
    int count = 0;
    if (color_type() == PNG_COLOR_TYPE_PALETTE) png_get_PLTE(png_, info_, &colors, &count);
    for (int i = 0; i < count; ++i)
      palette[static_cast<size_t>(i)] = {colors[i].red, colors[i].green, colors[i].blue};
    return palette;
  }

  [[noreturn]] void reject(const EncodedImage& encoded) const {
    if (is_cut_) reject_damaged(encoded, "truncated PNG", "no end");
    reject_damaged(encoded, "damaged PNG", details());
  }

 private:
  [[nodiscard]] std::string details() const {
    const uint32_t type = png_ == nullptr ? 0 : png_get_io_chunk_type(png_);
    std::string name;
    for (int shift = 24; shift >= 0; shift -= 8) {
      const auto c = static_cast<char>(type >> shift & 0xFF);
      name += c >= ' ' && c <= '~' ? c : '?';
    }
    if (has_wrong_checksum_) return fmt::format("a wrong checksum in chunk {}", name);
    if (is_at_pixels_ || type == chunk_type("IDAT")) return "invalid pixel data";
    return fmt::format("chunk {} is invalid or out of place", name);
  }

  static void give_bytes(png_structp png, png_bytep target, size_t count) {
    auto* reader = static_cast<PngReader*>(png_get_io_ptr(png));
    if (count > reader->rest_.size()) {
      reader->is_cut_ = true;
      png_error(png, "no end");
    }
    std::memcpy(target, reader->rest_.data(), count);
    reader->rest_.remove_prefix(count);
  }

  [[noreturn]] static void give_up(png_structp png, png_const_charp message) {
    auto* reader = static_cast<PngReader*>(png_get_error_ptr(png));
    reader->has_wrong_checksum_ = std::strstr(message, "CRC error") != nullptr;
    std::longjmp(reader->jump_, 1);
  }

  static void ignore(png_structp, png_const_charp) {}

  std::string_view rest_;
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
  std::jmp_buf jump_{};
  uint8_t color_type_ = 0;  ///< As the file has it; libpng's own follow the rows that it gives.
  uint8_t bit_depth_ = 0;
  bool is_at_pixels_ = false;
  bool is_cut_ = false;
  bool has_wrong_checksum_ = false;
};

PngTransparency transparency_of(const PngReader& reader, std::string_view bytes) {
  PngTransparency transparency{.color_type = reader.color_type(), .bit_depth = reader.bit_depth()};
  size_t offset = kSignatureBytes;
  while (const auto chunk = next_png_chunk(bytes, offset)) {
    if (chunk->type == chunk_type("IDAT")) break;
    if (chunk->type == chunk_type("tRNS")) transparency.payload = chunk->payload;
  }
  return transparency;
}

/// Colours and alpha of rows with indices into a palette.
AlphaPlane take_indices(const std::vector<uint8_t>& indices, const Palette& palette,
                        std::string_view alphas, Image& image) {
  uint8_t* pixel = image.pixels.data();
  for (const uint8_t index : indices) {
    std::memcpy(pixel, palette[index].data(), 3);
    pixel += 3;
  }
  if (alphas.empty()) return {};
  AlphaPlane alpha(indices.size());
  for (size_t i = 0; i < alpha.size(); ++i)
    alpha[i] = indices[i] < alphas.size() ? static_cast<uint8_t>(alphas[indices[i]]) : 255;
  return alpha;
}

/// Colours and alpha of rows with four channels.
AlphaPlane take_channels(const std::vector<uint8_t>& rows, Image& image) {
  AlphaPlane alpha(rows.size() / 4);
  const uint8_t* from = rows.data();
  uint8_t* pixel = image.pixels.data();
  for (uint8_t& value : alpha) {
    std::memcpy(pixel, from, 3);
    value = from[3];
    from += 4;
    pixel += 3;
  }
  return alpha;
}

}  // namespace

Image decode_png(const EncodedImage& encoded) {
  PngReader reader(encoded.bytes);
  if (!reader.read_header()) reader.reject(encoded);
  check_pixel_count(encoded, reader.width(), reader.height());
  const Palette palette = reader.palette();
  const PngTransparency transparency = transparency_of(reader, encoded.bytes);
  Image image(reader.width(), reader.height());
  std::vector<uint8_t> rows;
  if (reader.pixel_bytes() != kColorBytes)
    rows.resize(static_cast<size_t>(image.width * image.height * reader.pixel_bytes()));
  if (!reader.read_rows(rows.empty() ? image.pixels.data() : rows.data())) reader.reject(encoded);
  AlphaPlane alpha;
  if (reader.color_type() == PNG_COLOR_TYPE_PALETTE) {
    alpha = take_indices(rows, palette, transparency.payload, image);
  } else if (reader.pixel_bytes() == kColorAlphaBytes) {
    alpha = take_channels(rows, image);
  } else if (!transparency.payload.empty()) {
    alpha = alpha_of_color_key(image, transparency);
  }
  lay_on(image, alpha, encoded.background);
  if (!encoded.drops_after_resize) return image;
  if (reader.color_type() == PNG_COLOR_TYPE_PALETTE || reader.bit_depth() == 1)
    keep_palette(image, palette[0]);
  if (reader.pixel_bytes() == kColorAlphaBytes) keep_alpha(image, alpha);
  return image;
}

}  // namespace tandem
