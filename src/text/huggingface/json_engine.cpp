#include "text/huggingface/json_engine.h"

#include <algorithm>
#include <atomic>
#include <initializer_list>
#include <unordered_map>
#include <unordered_set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "io/files/utf8.h"
#include "tandem/core/error.h"
#include "text/cleaning/text_cleaning.h"
#include "text/huggingface/json_export.h"
#include "text/models/json_model.h"
#include "text/models/word_cache.h"
#include "text/models/word_model.h"
#include "text/steps/added_tokens.h"
#include "text/steps/decoder.h"
#include "text/steps/json_view.h"
#include "text/steps/normalizer.h"
#include "text/steps/pattern.h"
#include "text/steps/post_processor.h"
#include "text/steps/splitter.h"
#include "text/unicode/unicode.h"

namespace tandem {
namespace {

std::atomic<uint64_t> next_engine{0};

class JsonEngine final : public TokenizerEngine {
 public:
  JsonEngine(std::string content, const std::string& where, bool lowercase)
      : content_(std::move(content)), lowercase_(lowercase) {
    const nlohmann::json json = parse_tokenizer_json(content_, where);
    const JsonView root(json, where + ": ");
    const auto has = [&](const char* key) { return root.has(key); };
    model_ = read_word_model(root.at("model"), where);
    if (has("normalizer")) normalizer_ = read_normalizer(root.at("normalizer"));
    if (has("pre_tokenizer")) plan_ = read_split_plan(root.at("pre_tokenizer"));
    if (has("decoder")) decoder_ = read_decoder(root.at("decoder"));
    read_tokens(root);
    if (has("post_processor")) frame_ = read_frame(root.at("post_processor"), vocab_size());
    if (has("tandem")) read_own_part(root.at("tandem"));
    if (splits_as_clip() && !plan_.to_byte_level)
      root.at("tandem").at("cleaning").reject("is for byte-level vocabularies");
    if (root.at("model").has("end_of_word_suffix"))
      word_end_ = root.at("model").at("end_of_word_suffix").string();
    refuse_unread_word_ends(root.at("model"));
    find_special_ids(root);
  }

  [[nodiscard]] Encoding encode(std::string_view text, int64_t context_length) const override;
  [[nodiscard]] std::string decode(const std::vector<int32_t>& ids) const override;
  [[nodiscard]] int64_t vocab_size() const override { return static_cast<int64_t>(tokens_.size()); }
  [[nodiscard]] SpecialIds special_ids() const override { return special_; }
  [[nodiscard]] const std::string& content() const override { return content_; }
  [[nodiscard]] std::string file_name() const override { return "tokenizer.json"; }
  [[nodiscard]] HuggingFaceTokenizer to_hugging_face() const override {
    return {.json = exported_json(content_, cleaning_, lowercase_),
            .tokens = tokens_,
            .cleaning = cleaning_};
  }

 private:
  void read_tokens(const JsonView& root);
  void read_own_part(const JsonView& json);
  void refuse_unread_word_ends(const JsonView& model) const;
  void find_special_ids(const JsonView& root);
  [[nodiscard]] int32_t id_of(const std::string& token) const;
  [[nodiscard]] bool splits_as_clip() const {
    return cleaning_ == TextCleaning::kClipOriginal || cleaning_ == TextCleaning::kOpenClip;
  }
  void split_as_clip(std::string_view text, Pieces& pieces) const;
  void append_word(std::string_view word, std::vector<int32_t>& ids) const;

  std::string content_;
  uint64_t number_ = next_engine++;
  std::unique_ptr<WordModel> model_;
  std::unique_ptr<Normalizer> normalizer_;
  SplitPlan plan_;
  std::unique_ptr<Decoder> decoder_;
  AddedTokens added_;
  Frame frame_;
  std::vector<std::string> tokens_;  ///< By id; empty where there is none.
  std::unordered_set<std::string> special_tokens_;
  std::unordered_map<std::string, int32_t> added_ids_;
  std::unordered_map<std::string, std::string> named_;  ///< "pad_token" and its like to tokens.
  std::string word_end_;
  SpecialIds special_;
  TextCleaning cleaning_ = TextCleaning::kAsFile;
  bool lowercase_;
};

void JsonEngine::read_tokens(const JsonView& root) {
  std::vector<AddedToken> added;
  if (root.has("added_tokens")) added = read_added_tokens(root.at("added_tokens"), *model_);
  tokens_ = model_->tokens();
  for (const AddedToken& token : added) {
    const auto id = static_cast<size_t>(token.id);
    if (id >= tokens_.size()) tokens_.resize(id + 1);
    tokens_[id] = token.content;
    added_ids_[token.content] = token.id;
    if (token.special) special_tokens_.insert(token.content);
  }
  added_ = AddedTokens(std::move(added), normalizer_.get());
}

void JsonEngine::read_own_part(const JsonView& json) {
  const auto cleaning = cleaning_named(json.string_or("cleaning", "none"));
  if (!cleaning)
    json.at("cleaning")
        .reject("is not a text cleaning",
                fmt::format("one of {}", fmt::join(cleaning_names(), ", ")));
  cleaning_ = *cleaning;
  if (!json.has("special_tokens")) return;
  for (const char* name :
       {"bos_token", "cls_token", "eos_token", "sep_token", "pad_token", "unk_token"}) {
    if (json.at("special_tokens").has(name))
      named_[name] = json.at("special_tokens").at(name).string();
  }
}

/// CLIP's vocabulary without its suffix gives ids, but not CLIP's.
void JsonEngine::refuse_unread_word_ends(const JsonView& model) const {
  if (!word_end_.empty()) return;
  const auto count = std::ranges::count_if(
      tokens_, [](const std::string& token) { return token.ends_with("</w>"); });
  if (count * 10 < std::ssize(tokens_) || count == 0) return;
  model.reject(fmt::format("{} of {} pieces end in </w>, but the tokenizer never appends it", count,
                           tokens_.size()),
               "\"end_of_word_suffix\": \"</w>\"; with vocab.json and merges.txt, the special "
               "tokens <|startoftext|> and <|endoftext|>");
}

int32_t JsonEngine::id_of(const std::string& token) const {
  const auto found = added_ids_.find(token);
  return found != added_ids_.end() ? found->second : model_->id_of(token);
}

void JsonEngine::find_special_ids(const JsonView& root) {
  const auto named = [&](std::initializer_list<const char*> names) {
    for (const char* name : names) {
      const auto token = named_.find(name);
      if (token != named_.end() && id_of(token->second) >= 0) return id_of(token->second);
    }
    return -1;
  };
  const auto usual = [&](std::initializer_list<const char*> tokens) {
    for (const char* token : tokens)
      if (id_of(token) >= 0) return id_of(token);
    return -1;
  };
  const auto first_of = [](std::initializer_list<int32_t> ids) {
    const auto* found = std::find_if(ids.begin(), ids.end(), [](int32_t id) { return id >= 0; });
    return found == ids.end() ? -1 : *found;
  };
  const int32_t padding =
      root.has("padding") && root.at("padding").has("pad_id")
          ? static_cast<int32_t>(root.at("padding").at("pad_id").integer(0, vocab_size() - 1))
          : -1;
  special_.bos = first_of(
      {frame_.before.empty() ? -1 : frame_.before.front(), named({"bos_token", "cls_token"})});
  special_.eos =
      first_of({frame_.after.empty() ? -1 : frame_.after.back(), named({"eos_token", "sep_token"}),
                usual({"</s>", "[SEP]", "<|endoftext|>", "<eos>"})});
  special_.unk = first_of({named({"unk_token"}), model_->unk_id(), usual({"<unk>", "[UNK]"})});
  special_.pad = first_of(
      {named({"pad_token"}), padding, usual({"<pad>", "[PAD]"}), special_.eos, special_.unk, 0});
}

/// The originals look for special tokens only where a word may begin. open_clip has names of its
/// own for them.
void JsonEngine::split_as_clip(std::string_view text, Pieces& pieces) const {
  static constexpr std::string_view kClipSpecials[] = {"<|startoftext|>", "<|endoftext|>"};
  static constexpr std::string_view kOpenClipSpecials[] = {"<start_of_text>", "<end_of_text>"};
  const auto& specials = cleaning_ == TextCleaning::kOpenClip ? kOpenClipSpecials : kClipSpecials;
  match_clip_original(text, specials, [&](size_t begin, size_t end) {
    const std::string_view word = text.substr(begin, end - begin);
    const int32_t id = word == specials[0] ? special_.bos : word == specials[1] ? special_.eos : -1;
    pieces.list.push_back({word, id});
  });
}

void JsonEngine::append_word(std::string_view word, std::vector<int32_t>& ids) const {
  WordCache& cache = thread_word_cache(number_);
  if (cache.append(word, ids)) return;
  const size_t before = ids.size();
  if (plan_.to_byte_level) {
    model_->encode(to_byte_level(word), ids);
  } else {
    model_->encode(word, ids);
  }
  cache.remember(word, std::span(ids).subspan(before));
}

Encoding JsonEngine::encode(std::string_view text, int64_t context_length) const {
  if (context_length < static_cast<int64_t>(frame_.size())) {
    throw Error(ErrorKind::kUsage,
                {.what = "context_length is too small",
                 .expected = fmt::format("context_length of at least {}", frame_.size()),
                 .found = std::to_string(context_length)});
  }
  std::string rewritten;
  if (!is_utf8(text)) text = rewritten = replace_damage(text);
  if (cleaning_ != TextCleaning::kAsFile) text = rewritten = clean_text(text, cleaning_);
  if (lowercase_) {
    rewritten = std::string(text);
    lower_case(rewritten);
    text = rewritten;
  }
  Pieces pieces;
  if (splits_as_clip()) {
    split_as_clip(text, pieces);
  } else {
    added_.split(text, normalizer_.get(), pieces);
    if (plan_.splitter) plan_.splitter->split(pieces);
  }
  Encoding encoding;
  std::vector<int32_t>& ids = encoding.ids;
  ids = frame_.before;
  const size_t most = static_cast<size_t>(context_length) - frame_.after.size();
  for (const Piece& piece : pieces.list) {
    if (ids.size() > most) break;
    if (piece.id >= 0) {
      ids.push_back(piece.id);
    } else {
      append_word(piece.text, ids);
    }
  }
  encoding.truncated = ids.size() > most;
  if (encoding.truncated) ids.resize(most);
  if (special_.unk >= 0)
    encoding.unknown = static_cast<int32_t>(std::count(
        ids.begin() + static_cast<int64_t>(frame_.before.size()), ids.end(), special_.unk));
  ids.insert(ids.end(), frame_.after.begin(), frame_.after.end());
  return encoding;
}

std::string JsonEngine::decode(const std::vector<int32_t>& ids) const {
  std::vector<std::string> tokens;
  for (const int32_t id : ids) {
    const std::string& token = tokens_[id];
    if (!token.empty() && !special_tokens_.contains(token)) tokens.push_back(token);
  }
  std::string text;
  if (decoder_) {
    decoder_->apply(tokens);
    for (const std::string& token : tokens) text += token;
  } else {
    text = fmt::format("{}", fmt::join(tokens, " "));
  }
  if (word_end_.empty()) return text;
  // CLIP's files decode bytes only; transformers turns the marks into spaces afterwards.
  for (size_t at = text.find(word_end_); at != std::string::npos; at = text.find(word_end_, at + 1))
    text.replace(at, word_end_.size(), " ");
  const size_t begin = std::min(text.find_first_not_of(' '), text.size());
  return text.substr(begin, text.find_last_not_of(' ') + 1 - begin);
}

}  // namespace

std::unique_ptr<TokenizerEngine> make_json_engine(std::string content, const std::string& where,
                                                  bool lowercase) {
  return std::make_unique<JsonEngine>(std::move(content), where, lowercase);
}

}  // namespace tandem
