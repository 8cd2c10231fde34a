#include "clip_tokenizer/commands.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "common/text_io.h"
#include "tandem/core/error.h"
#include "tandem/text/tokenizer.h"

namespace tandem::apps {
namespace {

std::vector<int32_t> parse_ids(std::string_view line, size_t number) {
  const auto json = nlohmann::json::parse(line, nullptr, false);
  const auto is_id = [](const nlohmann::json& each) {
    return each.is_number_integer() && each >= 0 && each <= INT32_MAX;
  };
  if (!json.is_array() || !std::all_of(json.begin(), json.end(), is_id)) {
    throw Error(ErrorKind::kData, {.what = "is not a list of ids",
                                   .where = fmt::format("standard input, line {}", number),
                                   .expected = "a JSON array of integers, as [0, 17, 2]",
                                   .found = std::string(line.substr(0, 80))});
  }
  return json.get<std::vector<int32_t>>();
}

Tokenizer load(const TokenizerArguments& arguments) {
  return Tokenizer::load(arguments.tokenizer,
                         {.lowercase = arguments.options.lowercase,
                          .cleaning = cleaning_named(arguments.cleaning).value()});
}

}  // namespace

int run_train(TokenizerArguments arguments) {
  check_output_file(arguments.output);
  const bool unigram = arguments.model == "unigram";
  arguments.options.train_model = unigram ? TokenizerModel::kUnigram : TokenizerModel::kBpe;
  const Tokenizer tokenizer = train_tokenizer(read_lines(arguments.input), arguments.options);
  tokenizer.save(arguments.output);
  write_note(fmt::format("{} pieces in {}\n", tokenizer.vocab_size(), arguments.output));
  return 0;
}

int run_encode(const TokenizerArguments& arguments) {
  if (arguments.context_length < 2) {
    throw Error(ErrorKind::kUsage, {.what = "--context-length is out of range",
                                    .expected = "at least 2",
                                    .found = std::to_string(arguments.context_length)});
  }
  const Tokenizer tokenizer = load(arguments);
  const std::vector<std::string> lines = read_lines("-");
  for (const std::string& line : lines) {
    const Encoding encoding = tokenizer.encode(line, arguments.context_length);
    write_output(fmt::format("[{}]\n", fmt::join(encoding.ids, ", ")));
  }
  write_note(fmt::format("{} lines encoded\n", lines.size()));
  return 0;
}

int run_decode(const TokenizerArguments& arguments) {
  const Tokenizer tokenizer = load(arguments);
  size_t number = 0;
  for (const std::string& line : read_lines("-"))
    write_output(tokenizer.decode(parse_ids(line, ++number)) + "\n");
  write_note(fmt::format("{} lines decoded\n", number));
  return 0;
}

}  // namespace tandem::apps
