#include "clip_data/preview.h"

#include <algorithm>
#include <cstdint>

#include <fmt/format.h>

#include "clip_data/captions.h"
#include "common/text_io.h"
#include "tandem/core/error.h"
#include "tandem/core/files.h"
#include "tandem/core/random.h"
#include "tandem/image/encode.h"
#include "tandem/image/resize.h"
#include "tandem/text/tokenizer.h"

namespace tandem::apps {
namespace {

constexpr const char* kHead = R"(<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{0}</title><style>
body {{ font: 14px/1.4 sans-serif; margin: 2em; background: #fafafa; color: #222 }}
main {{ display: flex; flex-wrap: wrap; gap: 16px }}
figure {{ width: {1}px; margin: 0; padding: 8px; background: #fff; border: 1px solid #ddd }}
img {{ display: block; margin: 0 auto 6px; max-width: 100% }}
figcaption {{ overflow-wrap: anywhere }}
small {{ color: #777 }}
.unusable {{ border-color: #c33 }}
</style></head><body><h1>{0}</h1><p>{2}</p><main>
)";

std::string escape(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&': escaped += "&amp;"; break;
      case '<': escaped += "&lt;"; break;
      case '>': escaped += "&gt;"; break;
      case '"': escaped += "&quot;"; break;
      default: escaped += c;
    }
  }
  return escaped;
}

std::string base64(std::string_view bytes) {
  static constexpr std::string_view kLetters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const size_t count = std::min<size_t>(3, bytes.size() - i);
    uint32_t group = 0;
    for (size_t j = 0; j < 3; ++j)
      group = group << 8 | (j < count ? static_cast<unsigned char>(bytes[i + j]) : 0U);
    for (size_t j = 0; j < 4; ++j) text += j <= count ? kLetters[group >> (18 - 6 * j) & 63] : '=';
  }
  return text;
}

Image thumbnail(const Image& image, int64_t side) {
  const int64_t longest = std::max(image.width, image.height);
  if (longest <= side) return image;
  const auto scaled = [&](int64_t length) { return std::max<int64_t>(1, length * side / longest); };
  return resize(image, scaled(image.width), scaled(image.height), Interpolation::kBicubic);
}

std::string figure(const Source& source, int64_t index, const PreviewArguments& arguments,
                   uint64_t seed) {
  const std::string name = escape(clean_caption(source.key(index)));
  try {
    const RawSample sample =
        source.sample(index, mix_seed({seed, 0, static_cast<uint64_t>(index)}));
    std::string captions;
    for (const std::string& caption : filled_captions(sample))
      captions += escape(clean_caption(caption)) + "<br>";
    if (sample.class_index >= 0)
      captions +=
          "class: " + escape(source.class_names().at(static_cast<size_t>(sample.class_index))) +
          "<br>";
    return fmt::format(
        "<figure><img alt=\"\" src=\"data:image/png;base64,{}\"><figcaption>{}<small>{} · {}×{}"
        "</small></figcaption></figure>\n",
        base64(encode_png(thumbnail(sample.image, arguments.side))), captions, name,
        sample.image.width, sample.image.height);
  } catch (const Error& error) {
    return fmt::format(
        "<figure class=\"unusable\"><figcaption>invalid: {}<br><small>{}</small></figcaption>"
        "</figure>\n",
        escape(clean_caption(error.what())), name);
  }
}

}  // namespace

int run_preview(const PreviewArguments& arguments) {
  check_output_file(arguments.output);
  const RunData data = open_data(arguments.data);
  const Source& source = *data.source;
  const int64_t count = std::min(arguments.count, source.size());
  AtomicFile file(arguments.output);
  file.write(
      fmt::format(fmt::runtime(kHead), escape(arguments.data.config), arguments.side + 16,
                  fmt::format("{} of {} samples, {}", count, source.size(), arguments.data.split)));
  for (int64_t i = 0; i < count; ++i)
    file.write(figure(source, i * source.size() / count, arguments, data.config.run.seed));
  file.write("</main></body></html>\n");
  file.commit();
  write_note(fmt::format("{} samples in {}\n", count, arguments.output));
  return 0;
}

}  // namespace tandem::apps
