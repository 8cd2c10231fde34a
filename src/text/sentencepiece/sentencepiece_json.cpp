#include "text/sentencepiece/sentencepiece_json.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "io/files/utf8.h"
#include "tandem/core/error.h"
#include "text/steps/normalizer.h"

namespace tandem {
namespace {

using Json = nlohmann::json;
using Piece = SentencePieceFile::Piece;
using Kind = SentencePieceFile::Kind;

constexpr std::string_view kSpaceMark = "\xE2\x96\x81";

std::string base64(std::string_view bytes) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t at = 0; at < bytes.size(); at += 3) {
    uint32_t group = 0;
    for (size_t i = 0; i < 3; ++i)
      group = group << 8 | (at + i < bytes.size() ? static_cast<uint8_t>(bytes[at + i]) : 0U);
    for (size_t i = 0; i < 4; ++i)
      text += at + i > bytes.size() ? '=' : kDigits[group >> (18 - 6 * i) & 63];
  }
  return text;
}

Json replace(const char* kind, std::string_view pattern, std::string_view content) {
  return {{"type", "Replace"}, {"pattern", {{kind, pattern}}}, {"content", content}};
}

Json strip() { return {{"type", "Strip"}, {"strip_left", true}, {"strip_right", true}}; }

/// Whether a compiled map composes letters and marks, as those of NFKC do.
bool composes(std::string_view map) {
  std::string text = "e\xCC\x81";
  CharsMap(map, "precompiled_charsmap").apply(text);
  return text == "\xC3\xA9";
}

/// sentencepiece replaces the longest sequence of characters that the map has. `tokenizers` looks a
/// grapheme cluster up and drops what follows the shortest sequence found. A control character
/// between the characters makes each a cluster; NFC then composes them as the map would.
void add_chars_map(Json& rules, std::string_view map) {
  constexpr std::string_view kBreak = "\x01";
  rules.push_back(replace("Regex", "(?=[^ -~])", kBreak));
  rules.push_back({{"type", "Precompiled"}, {"precompiled_charsmap", base64(map)}});
  rules.push_back(replace("String", kBreak, ""));
  if (composes(map)) rules.push_back({{"type", "NFC"}});
}

/// clean_caption as replacements: NUL becomes U+FFFD, controls and the byte order mark go, white
/// space is joined.
void add_cleaning(Json& rules) {
  rules.push_back(replace("String", std::string_view("\0", 1), "\xEF\xBF\xBD"));
  rules.push_back(
      replace("Regex", R"([\x{01}-\x{08}\x{0E}-\x{1F}\x{7F}-\x{84}\x{86}-\x{9F}\x{FEFF}])", ""));
  rules.push_back(replace("Regex",
                          R"([\x{09}-\x{0D}\x{20}\x{85}\x{A0}\x{1680}\x{2000}-\x{200A}\x{2028})"
                          R"(\x{2029}\x{202F}\x{205F}\x{3000}]+)",
                          " "));
  rules.push_back(strip());
}

Json normalizer(const SentencePieceFile& file, const SentencePieceUse& use) {
  Json rules = Json::array();
  if (use.scheme.cleaning == PieceCleaning::kCaption) add_cleaning(rules);
  if (!use.first_chars_map.empty()) add_chars_map(rules, use.first_chars_map);
  if (!file.chars_map.empty()) add_chars_map(rules, file.chars_map);
  if (file.remove_extra_spaces) {
    rules.push_back(replace("Regex", " {2,}", " "));
    rules.push_back(replace("Regex", R"(\A +| +\z)", ""));  // other white space stays
  }
  // Metaspace puts no mark in front of a text that begins with a space.
  if (file.add_dummy_prefix && !file.remove_extra_spaces)
    rules.push_back({{"type", "Prepend"}, {"prepend", " "}});
  return {{"type", "Sequence"}, {"normalizers", rules}};
}

/// A pattern for the last characters of special pieces, where the rest of one precedes: split
/// there, a text never shows a special piece whole.
std::string special_ends(const std::vector<Piece>& pieces) {
  std::string pattern;
  const auto escaped = [](std::string_view text) {
    std::string result;
    for (const char c : text) {
      if (std::string_view(R"(\^$.|?*+()[]{}-)").find(c) != std::string_view::npos) result += '\\';
      result += c;
    }
    return result;
  };
  for (const Piece& piece : pieces) {
    if (piece.kind != Kind::kControl && piece.kind != Kind::kUnknown) continue;
    const std::string_view text = piece.text;
    size_t last = text.size();
    while (last > 0 && (static_cast<uint8_t>(text[--last]) & 0xC0) == 0x80) continue;
    if (last == 0) continue;
    pattern += fmt::format("{}(?<={}){}", pattern.empty() ? "" : "|", escaped(text.substr(0, last)),
                           escaped(text.substr(last)));
  }
  return pattern;
}

Json pre_tokenizer(const SentencePieceFile& file, const std::vector<Piece>& pieces) {
  const bool crosses_spaces = std::ranges::any_of(pieces, [](const Piece& piece) {
    return piece.kind == Kind::kNormal && piece.text.find(kSpaceMark, 1) != std::string::npos;
  });
  const bool prepends = file.add_dummy_prefix && file.remove_extra_spaces;
  Json marks = {{"type", "Metaspace"},
                {"replacement", kSpaceMark},
                {"prepend_scheme", prepends ? "always" : "never"},
                {"split", !crosses_spaces}};
  const std::string specials = special_ends(pieces);
  if (file.is_bpe || specials.empty()) return marks;
  return {{"type", "Sequence"},
          {"pretokenizers",
           {marks,
            {{"type", "Split"},
             {"pattern", {{"Regex", specials}}},
             {"behavior", "MergedWithNext"},
             {"invert", false}}}}};
}

Json unigram(const SentencePieceFile& file, const SentencePieceUse& use,
             const std::vector<Piece>& pieces) {
  Json vocabulary = Json::array();
  for (const Piece& piece : pieces)
    vocabulary.push_back({piece.text, static_cast<double>(piece.score)});
  return {{"type", "Unigram"},
          {"unk_id", use.special.unk},
          {"vocab", vocabulary},
          {"byte_fallback", file.byte_fallback}};
}

/// Every way to cut a piece into two others is a merge; its rank is the piece's score.
Json merges_of(const std::vector<Piece>& pieces) {
  std::map<std::string_view, size_t> ids;
  std::vector<size_t> order;
  for (size_t id = 0; id < pieces.size(); ++id) {
    if (pieces[id].kind != Kind::kNormal && pieces[id].kind != Kind::kUserDefined) continue;
    ids.emplace(pieces[id].text, id);
    if (pieces[id].kind == Kind::kNormal) order.push_back(id);
  }
  std::ranges::stable_sort(order,
                           [&](size_t a, size_t b) { return pieces[a].score > pieces[b].score; });
  Json merges = Json::array();
  for (const size_t id : order) {
    const std::string_view text = pieces[id].text;
    for (size_t cut = text.empty() ? 0 : read_utf8(text).bytes; cut < text.size();
         cut += read_utf8(text.substr(cut)).bytes) {
      if (ids.contains(text.substr(0, cut)) && ids.contains(text.substr(cut)))
        merges.push_back({text.substr(0, cut), text.substr(cut)});
    }
  }
  return merges;
}

Json bpe(const SentencePieceFile& file, const SentencePieceUse& use,
         const std::vector<Piece>& pieces) {
  Json vocabulary = Json::object();
  for (size_t id = 0; id < pieces.size(); ++id) vocabulary[pieces[id].text] = id;
  return {{"type", "BPE"},
          {"dropout", nullptr},
          {"unk_token", pieces[static_cast<size_t>(use.special.unk)].text},
          {"continuing_subword_prefix", nullptr},
          {"end_of_word_suffix", nullptr},
          {"fuse_unk", true},
          {"byte_fallback", file.byte_fallback},
          {"vocab", vocabulary},
          {"merges", merges_of(pieces)}};
}

Json post_processor(const SentencePieceUse& use, const std::vector<Piece>& pieces) {
  Json single = Json::array(), pair = Json::array(), specials = Json::object();
  const auto add_special = [&](int32_t id) {
    const std::string& text = pieces[static_cast<size_t>(id)].text;
    for (Json* each : {&single, &pair})
      each->push_back({{"SpecialToken", {{"id", text}, {"type_id", 0}}}});
    specials[text] = {{"id", text}, {"ids", {id}}, {"tokens", {text}}};
  };
  const auto sequence = [](const char* name) {
    return Json{{"Sequence", {{"id", name}, {"type_id", 0}}}};
  };
  if (use.scheme.adds_bos) add_special(use.special.bos);
  single.push_back(sequence("A"));
  pair.push_back(sequence("A"));
  pair.push_back(sequence("B"));
  if (use.scheme.adds_eos) add_special(use.special.eos);
  return {{"type", "TemplateProcessing"},
          {"single", single},
          {"pair", pair},
          {"special_tokens", specials}};
}

Json added_tokens(const std::vector<Piece>& pieces) {
  Json added = Json::array();
  for (size_t id = 0; id < pieces.size(); ++id) {
    if (pieces[id].kind != Kind::kUserDefined) continue;
    added.push_back({{"id", id},
                     {"content", pieces[id].text},
                     {"single_word", false},
                     {"lstrip", false},
                     {"rstrip", false},
                     {"normalized", false},
                     {"special", false}});
  }
  return added;
}

Json decoder(const SentencePieceFile& file) {
  const Json marks = {{"type", "Metaspace"},
                      {"replacement", kSpaceMark},
                      {"prepend_scheme", file.add_dummy_prefix ? "always" : "never"},
                      {"split", true}};
  if (!file.byte_fallback) return marks;
  return {{"type", "Sequence"},
          {"decoders", {{{"type", "ByteFallback"}}, marks, {{"type", "Fuse"}}}}};
}

}  // namespace

std::vector<Piece> pieces_by_id(const SentencePieceFile& file, const SentencePieceUse& use) {
  if (!use.scheme.fairseq) return file.pieces;
  const auto control = [](const char* text) {
    return Piece{.text = text, .score = 0.0F, .kind = Kind::kControl};
  };
  std::vector<Piece> pieces = {control("<s>"), control("<pad>"), control("</s>"), control("<unk>")};
  pieces.insert(pieces.end(), file.pieces.begin() + 3, file.pieces.end());
  pieces.push_back(control("<mask>"));
  return pieces;
}

std::string sentencepiece_json(const SentencePieceFile& file, const SentencePieceUse& use) {
  if (file.space_is_suffix) {
    throw Error(ErrorKind::kConfig,
                {.what = "tokenizer.json cannot hold this sentencepiece model",
                 .where = "treat_whitespace_as_suffix",
                 .expected = "a model that marks spaces at the start of words"});
  }
  const std::vector<Piece> pieces = pieces_by_id(file, use);
  return Json{{"version", "1.0"},
              {"truncation", nullptr},
              {"padding", nullptr},
              {"added_tokens", added_tokens(pieces)},
              {"normalizer", normalizer(file, use)},
              {"pre_tokenizer", pre_tokenizer(file, pieces)},
              {"post_processor", post_processor(use, pieces)},
              {"decoder", decoder(file)},
              {"model", file.is_bpe ? bpe(file, use, pieces) : unigram(file, use, pieces)}}
      .dump();
}

}  // namespace tandem
