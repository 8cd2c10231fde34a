#include "data/manifest/manifest.h"

namespace tandem {

void add_row(TextRows& rows, std::string_view image, const CaptionSet& captions, bool tagged) {
  rows.begin_row();
  rows.add(image);
  std::string text;
  for (size_t i = 0; i < captions.texts.size(); ++i) {
    text.assign(tagged ? 1 : 0, static_cast<char>(captions.languages[i]));
    rows.add(text += captions.texts[i]);
  }
}

CaptionSet captions_of_row(const TextRows& rows, int64_t row, bool tagged) {
  CaptionSet captions;
  for (size_t column = 1; column < rows.width(row); ++column) {
    std::string_view text = rows.at(row, column);
    captions.languages.push_back(tagged ? static_cast<uint8_t>(text[0]) : 0);
    captions.texts.emplace_back(text.substr(tagged ? 1 : 0));
  }
  return captions;
}

}  // namespace tandem
