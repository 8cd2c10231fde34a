#include <algorithm>
#include <csetjmp>
#include <cstdio>
#include <vector>

#include <fmt/format.h>

#include <jpeglib.h>
// after jpeglib.h, which it needs
#include <jerror.h>

#include "image/formats/decode.h"
#include "image/formats/stored_mode.h"

namespace tandem {
namespace {

/// Whether libjpeg's warning is about something that no pixel depends on. Behind the others (an end
/// that comes too early, codes that mean nothing, a wrong restart marker) pixels are invented.
bool is_harmless(int warning) {
  switch (warning) {
    case JWRN_EXTRANEOUS_DATA:  // bytes between two segments, or between the last one and the end
    case JWRN_JFIF_MAJOR:       // a revision of JFIF that is not known
    case JWRN_NOT_SEQUENTIAL:   // parameters of a progressive scan in a sequential one
    case JWRN_ADOBE_XFORM:      // a colour transform that is not known
    case JWRN_BOGUS_ICC: return true;
    default: return false;
  }
}

/// What libjpeg's code for an error or a warning means.
std::string details_of(int code) {
  switch (code) {
    case JWRN_JPEG_EOF:
    case JERR_INPUT_EOF:
    case JERR_INPUT_EMPTY: return "no end";
    case JWRN_HIT_MARKER: return "a scan that ends before its last pixel";
    case JWRN_EXTRANEOUS_DATA: return "bytes left over after the pixels";
    case JWRN_HUFF_BAD_CODE:
    case JWRN_ARITH_BAD_CODE: return "an invalid code";
    case JWRN_MUST_RESYNC: return "a restart marker out of place";
    case JWRN_BOGUS_PROGRESSION: return "scans that do not follow each other";
    case JERR_NO_IMAGE:
    case JERR_SOF_NO_SOS:
    case JERR_SOS_NO_SOF: return "no pixels";
    case JERR_SOF_DUPLICATE: return "two frames";
    case JERR_SOF_UNSUPPORTED: return "an unsupported kind of JPEG (lossless, hierarchical)";
    case JERR_NO_HUFF_TABLE:
    case JERR_NO_ARITH_TABLE:
    case JERR_NO_QUANT_TABLE: return "a table that is missing";
    case JERR_BAD_HUFF_TABLE:
    case JERR_DQT_INDEX:
    case JERR_DHT_INDEX: return "an invalid table";
    case JERR_EMPTY_IMAGE: return "a side of 0 pixels";
    case JERR_IMAGE_TOO_BIG: return "a side of more than 65500 pixels";
    case JERR_BAD_PRECISION: return "a precision other than 8 bits";
    case JERR_OUT_OF_MEMORY: return "not enough memory";
    default: return fmt::format("a structure that JPEG does not allow (libjpeg's code {})", code);
  }
}

/// Calls of libjpeg that return false instead of jumping. libjpeg leaves by longjmp; the two
/// functions it jumps out of hold nothing that would need a destructor. Warnings end the work like
/// errors, unless they are harmless.
class JpegReader {
 public:
  explicit JpegReader(std::string_view bytes) : bytes_(bytes) {
    info_.err = jpeg_std_error(&errors_);
    info_.client_data = this;
    errors_.error_exit = [](j_common_ptr info) { give_up(info); };
    errors_.output_message = [](j_common_ptr) {};
    errors_.emit_message = [](j_common_ptr info, int level) {
      if (level < 0) take_warning(info);
    };
    progress_.progress_monitor = &check_scans;
  }
  ~JpegReader() { jpeg_destroy_decompress(&info_); }
  JpegReader(const JpegReader&) = delete;
  JpegReader& operator=(const JpegReader&) = delete;

  bool read_header() {
    if (setjmp(jump_) != 0) return false;
    jpeg_create_decompress(&info_);
    info_.progress = &progress_;
    jpeg_mem_src(&info_, reinterpret_cast<const unsigned char*>(bytes_.data()), bytes_.size());
    jpeg_read_header(&info_, TRUE);
    info_.out_color_space = has_cmyk() ? JCS_CMYK : JCS_RGB;
    return true;
  }

  [[nodiscard]] bool has_cmyk() const {
    return info_.jpeg_color_space == JCS_CMYK || info_.jpeg_color_space == JCS_YCCK;
  }

  /// Fills `area` of the image, and some more around it; every byte of the file is looked at.
  bool read_rows(Image& image, const Area& area) {
    cmyk_row_.resize(has_cmyk() ? static_cast<size_t>(image.width) * 4 : 0);
    return read_rows_or_jump(image, area);
  }

  [[nodiscard]] int64_t width() const { return info_.image_width; }
  [[nodiscard]] int64_t height() const { return info_.image_height; }
  [[nodiscard]] bool has_warned() const { return errors_.num_warnings > 0; }
  [[noreturn]] void reject(const EncodedImage& encoded) const {
    if (has_too_many_scans_) {
      reject_image(encoded, {.what = "JPEG with too many scans",
                             .found = fmt::format("more than {}", kMaxScans),
                             .reason = "too many scans"});
    }
    const bool is_cut = errors_.msg_code == JWRN_JPEG_EOF;
    reject_damaged(encoded, is_cut ? "truncated JPEG" : "damaged JPEG",
                   details_of(errors_.msg_code));
  }

 private:
  static constexpr int kMaxScans = 500;
  static constexpr int64_t kMargin = 32;  ///< Chroma is smoothed across the border of an area.

  bool read_rows_or_jump(Image& image, const Area& area) {
    if (setjmp(jump_) != 0) return false;
    is_behind_header_ = true;
    jpeg_start_decompress(&info_);
    const int64_t left = cut_columns(area.across);
    const int64_t first = std::max<int64_t>(area.down.first - kMargin, 0);
    const int64_t last = std::min(area.down.first + area.down.count + kMargin, image.height - 1);
    skip_to(first);
    while (info_.output_scanline < info_.output_height) {
      if (info_.output_scanline == last) skip_to(image.height - 1);
      uint8_t* target = image.row(info_.output_scanline) + 3 * left;
      JSAMPROW row = cmyk_row_.empty() ? target : cmyk_row_.data();
      jpeg_read_scanlines(&info_, &row, 1);
      if (!cmyk_row_.empty()) take_cmyk(image, target);
    }
    jpeg_finish_decompress(&info_);
    return true;
  }

  /// Inverted CMYK is Adobe's habit and taken for granted also where no Adobe marker is.
  void take_cmyk(Image& image, uint8_t* target) {
    cmyk_to_rgb(cmyk_row_.data(), info_.output_width, target);
    if (image.stored.empty()) return;
    const std::ptrdiff_t pixel = (target - image.pixels.data()) / 3;
    std::transform(cmyk_row_.data(), cmyk_row_.data() + 4 * size_t{info_.output_width},
                   image.stored.data() + 4 * pixel,
                   [](uint8_t value) { return static_cast<uint8_t>(255 - value); });
  }

  /// Returns where the columns that will be read begin.
  int64_t cut_columns(const Span& columns) {
    const int64_t first = std::max<int64_t>(columns.first - kMargin, 0);
    const int64_t last = std::min<int64_t>(columns.first + columns.count + kMargin, width());
    if (last - first == width()) return 0;
    auto left = static_cast<JDIMENSION>(first);
    auto count = static_cast<JDIMENSION>(last - first);
    jpeg_crop_scanline(&info_, &left, &count);  // moves left to the beginning of a block
    return left;
  }

  void skip_to(int64_t row) {
    const int64_t count = row - info_.output_scanline;
    if (count > 0) jpeg_skip_scanlines(&info_, static_cast<JDIMENSION>(count));
  }

  static void take_warning(j_common_ptr info) {
    const auto* reader = static_cast<JpegReader*>(info->client_data);
    const int code = info->err->msg_code;
    const bool may_be_pixels = code == JWRN_EXTRANEOUS_DATA && reader->is_behind_header_;
    if (!is_harmless(code) || (may_be_pixels && !reader->skipped_padding())) give_up(info);
    ++info->err->num_warnings;
  }

  /// Whether the bytes that libjpeg has just skipped are all the same. Others, after a header, are
  /// most often what is left of damaged pixels.
  [[nodiscard]] bool skipped_padding() const {
    const auto end = static_cast<size_t>(info_.src->next_input_byte -
                                         reinterpret_cast<const unsigned char*>(bytes_.data()));
    const auto count = static_cast<size_t>(errors_.msg_parm.i[0]);
    const std::string_view skipped = bytes_.substr(end - std::min(count, end), count);
    return !skipped.empty() && skipped.find_first_not_of(skipped.front()) == skipped.npos;
  }

  [[noreturn]] static void give_up(j_common_ptr info) {
    auto* reader = static_cast<JpegReader*>(info->client_data);
    std::longjmp(reader->jump_, 1);
  }

  static void check_scans(j_common_ptr info) {
    auto* reader = static_cast<JpegReader*>(info->client_data);
    if (reader->info_.input_scan_number <= kMaxScans) return;
    reader->has_too_many_scans_ = true;
    std::longjmp(reader->jump_, 1);
  }

  std::string_view bytes_;
  jpeg_decompress_struct info_{};
  jpeg_error_mgr errors_{};
  jpeg_progress_mgr progress_{};
  std::jmp_buf jump_{};
  bool is_behind_header_ = false;
  bool has_too_many_scans_ = false;
  std::vector<uint8_t> cmyk_row_;
};

}  // namespace

Image decode_jpeg(const EncodedImage& encoded) {
  JpegReader reader(encoded.bytes);
  if (!reader.read_header()) reader.reject(encoded);
  check_pixel_count(encoded, reader.width(), reader.height());
  Image image(reader.width(), reader.height());
  if (encoded.drops_after_resize && reader.has_cmyk()) keep_inks(image);
  const Area whole{.across = {0, image.width}, .down = {0, image.height}};
  const bool is_as_expected =
      encoded.header.width == image.width && encoded.header.height == image.height;
  const Area area = is_as_expected ? encoded.area.value_or(whole) : whole;
  if (!reader.read_rows(image, area)) reader.reject(encoded);
  image.has_oddity = reader.has_warned();
  return image;
}

}  // namespace tandem
