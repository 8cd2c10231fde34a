#include "tandem/text/tokenizer.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>

#include <fmt/format.h>

#include "tandem/core/error.h"
#include "tandem/core/files.h"
#include "text/huggingface/json_engine.h"
#include "text/huggingface/tokenizer_files.h"
#include "text/models/engine.h"
#include "text/sentencepiece/sentencepiece_engine.h"

namespace tandem {
namespace {

constexpr size_t kTextsAtOnce = 64;

}  // namespace

struct Tokenizer::Implementation {
  explicit Implementation(std::unique_ptr<TokenizerEngine> engine_)
      : engine(std::move(engine_)), fingerprint(content_hash(engine->content())) {}
  std::unique_ptr<TokenizerEngine> engine;
  std::string fingerprint;
};

Tokenizer::Tokenizer(std::unique_ptr<Implementation> implementation)
    : implementation_(std::move(implementation)) {}
Tokenizer::Tokenizer(Tokenizer&&) noexcept = default;
Tokenizer& Tokenizer::operator=(Tokenizer&&) noexcept = default;
Tokenizer::~Tokenizer() = default;

Tokenizer Tokenizer::load(const std::filesystem::path& path, bool lowercase) {
  return load(path, TokenizerLoadOptions{.lowercase = lowercase});
}

Tokenizer Tokenizer::load(const std::filesystem::path& path, const TokenizerLoadOptions& options) {
  return Tokenizer(std::make_unique<Implementation>(load_engine(path, options)));
}

Tokenizer Tokenizer::parse(std::string content, const std::string& where, bool lowercase) {
  auto engine = std::filesystem::path(where).extension() == ".json"
                    ? make_json_engine(std::move(content), where, lowercase)
                    : make_sentencepiece_engine(std::move(content), where, lowercase);
  return Tokenizer(std::make_unique<Implementation>(std::move(engine)));
}

Encoding Tokenizer::encode(std::string_view text, int64_t context_length) const {
  if (context_length < 2) {
    throw Error(ErrorKind::kUsage, {.what = "context_length is too small",
                                    .expected = "context_length of at least 2",
                                    .found = std::to_string(context_length)});
  }
  return implementation_->engine->encode(text, context_length);
}

std::vector<Encoding> Tokenizer::encode_batch(const std::vector<std::string>& texts,
                                              int64_t context_length) const {
  std::vector<Encoding> encodings(texts.size());
  std::atomic<size_t> next{0};
  std::exception_ptr failure;
  std::mutex failing;
  const auto work = [&] {
    try {
      for (size_t begin = next.fetch_add(kTextsAtOnce); begin < texts.size();
           begin = next.fetch_add(kTextsAtOnce)) {
        const size_t end = std::min(begin + kTextsAtOnce, texts.size());
        for (size_t index = begin; index < end; ++index)
          encodings[index] = encode(texts[index], context_length);
      }
    } catch (...) {
      const std::lock_guard<std::mutex> lock(failing);
      if (!failure) failure = std::current_exception();
      next = texts.size();
    }
  };
  const size_t chunks = (texts.size() + kTextsAtOnce - 1) / kTextsAtOnce;
  const size_t cores = std::max(1U, std::thread::hardware_concurrency());
  {
    std::vector<std::jthread> helpers;
    try {
      for (size_t index = 1; index < std::min(chunks, cores); ++index) helpers.emplace_back(work);
    } catch (const std::system_error&) {
      // The process may have no more threads: those that run do all of the work.
    }
    work();
  }
  if (failure) std::rethrow_exception(failure);
  return encodings;
}

std::string Tokenizer::decode(const std::vector<int32_t>& ids) const {
  for (const int32_t id : ids) {
    if (id >= 0 && id < vocab_size()) continue;
    throw Error(ErrorKind::kUsage, {.what = "an id is outside the vocabulary",
                                    .expected = fmt::format("0 to {}", vocab_size() - 1),
                                    .found = std::to_string(id)});
  }
  return implementation_->engine->decode(ids);
}

int64_t Tokenizer::vocab_size() const { return implementation_->engine->vocab_size(); }
int32_t Tokenizer::pad_id() const { return implementation_->engine->special_ids().pad; }
int32_t Tokenizer::bos_id() const { return implementation_->engine->special_ids().bos; }
int32_t Tokenizer::eos_id() const { return implementation_->engine->special_ids().eos; }
int32_t Tokenizer::unk_id() const { return implementation_->engine->special_ids().unk; }
const std::string& Tokenizer::fingerprint() const { return implementation_->fingerprint; }
std::string Tokenizer::file_name() const { return implementation_->engine->file_name(); }

void Tokenizer::save(const std::filesystem::path& file) const {
  write_file_atomically(file, implementation_->engine->content());
}

}  // namespace tandem
