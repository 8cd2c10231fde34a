#include <memory>

#include "clip_tokenizer/commands.h"
#include "common/checks.h"
#include "common/run_app.h"
#include "tandem/text/tokenizer.h"

namespace tandem::apps {
namespace {

void add_tokenizer_options(CLI::App& command, TokenizerArguments& arguments) {
  command
      .add_option("--tokenizer", arguments.tokenizer,
                  "A sentencepiece .model, a tokenizer.json, vocab.json or vocab.txt, or a folder "
                  "that holds one")
      ->type_name("PATH")
      ->required();
  command.add_flag("--lowercase", arguments.options.lowercase, "Lower-case texts first");
  command
      .add_option(
          "--cleaning", arguments.cleaning,
          "Clean texts first, beside what the tokenizer says: clip_original as openai/CLIP, "
          "open_clip "
          "as open_clip with CLIP's vocabulary, whitespace, lower or canonicalize as open_clip "
          "with other vocabularies")
      ->check(CLI::IsMember(cleaning_names()))
      ->capture_default_str();
}

std::function<int()> define(CLI::App& app) {
  const auto arguments = std::make_shared<TokenizerArguments>();
  app.require_subcommand(1);
  app.fallthrough();

  auto* training = app.add_subcommand("train", "Train a vocabulary on lines of text");
  training->footer(
      "Example: clip-tokenizer train --input captions.txt --vocab-size 8000 --output "
      "tokenizer.model");
  training->add_option("--input", arguments->input, "Text, one caption per line; - is stdin")
      ->type_name("FILE")
      ->required();
  training
      ->add_option("--vocab-size", arguments->options.train_vocab_size,
                   "Pieces, the four special ones included")
      ->required();
  training->add_option("--output", arguments->output, "The .model to write")
      ->type_name("FILE")
      ->check(not_empty())
      ->required();
  training->add_option("--model", arguments->model, "unigram or bpe")
      ->check(CLI::IsMember({"unigram", "bpe"}))
      ->capture_default_str();
  training
      ->add_option("--character-coverage", arguments->options.train_character_coverage,
                   "Share of the characters that the vocabulary covers")
      ->capture_default_str();
  training->add_flag("--lowercase", arguments->options.lowercase, "Lower-case captions first");

  auto* encoding = app.add_subcommand("encode", "Reads lines of text, writes JSON arrays of ids");
  encoding->footer("Example: clip-tokenizer encode --tokenizer tokenizer.model < captions.txt");
  add_tokenizer_options(*encoding, *arguments);
  encoding->add_option("--context-length", arguments->context_length,
                       "Cut longer texts to this many ids; without it nothing is cut");
  auto* decoding = app.add_subcommand("decode", "Reads JSON arrays of ids, writes lines of text");
  decoding->footer(
      "Example: echo '[0, 17, 2]' | clip-tokenizer decode --tokenizer tokenizer.model");
  add_tokenizer_options(*decoding, *arguments);

  return [arguments, training, encoding] {
    if (training->parsed()) return run_train(*arguments);
    return encoding->parsed() ? run_encode(*arguments) : run_decode(*arguments);
  };
}

}  // namespace
}  // namespace tandem::apps

int main(int argc, char** argv) {
  return tandem::apps::run_app(
      argc, argv,
      {.name = "clip-tokenizer",
       .summary =
           "Trains sentencepiece vocabularies; turns text into ids and back with any tokenizer.",
       .log_level = "warn"},
      tandem::apps::define);
}
