#include "clip_data/arguments.h"

#include "common/checks.h"
#include "tandem/config/load.h"
#include "tandem/core/error.h"

namespace tandem::apps {

void add_data_options(CLI::App& verb, DataArguments& arguments) {
  verb.add_option("--config", arguments.config, "Configuration of a run, as clip-train takes it")
      ->type_name("FILE")
      ->required();
  verb.add_option("--set", arguments.overrides,
                  "Override one value, as data.train.path=captions.tsv; may be repeated")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  verb.add_option("--split", arguments.split, "train or validation: which of the run's sources")
      ->check(CLI::IsMember({"train", "validation"}))
      ->capture_default_str();
}

void add_image_options(CLI::App& verb, DataArguments& arguments) {
  const auto shorthand = [&](const char* flag, const char* key, const char* type) {
    return verb
        .add_option_function<std::string>(
            flag,
            [&arguments, key](const std::string& value) {
              arguments.overrides.push_back(std::string("data.transform.") + key + "=" + value);
            },
            std::string("Short for --set data.transform.") + key)
        ->type_name(type);
  };
  shorthand("--background", "background", "COLOR")->check(is_background());
  shorthand("--exif", "exif", "CHOICE")->check(CLI::IsMember({"ignore", "apply"}));
  shorthand("--max-image-pixels", "max_image_pixels", "N")->check(at_least(1));
}

const SourceOptions& chosen_source(const RunConfig& config, const DataArguments& arguments) {
  const SourceOptions& chosen =
      arguments.split == "train" ? config.data.train : config.data.validation;
  if (chosen.kind == SourceKind::kNone) {
    throw Error(ErrorKind::kConfig, {.what = "the configuration names no such data",
                                     .where = "data." + arguments.split + ".kind"});
  }
  return chosen;
}

RunData open_data(const DataArguments& arguments) {
  RunData data{.config = load_run_config(arguments.config, arguments.overrides), .source = {}};
  data.source = open_source(chosen_source(data.config, arguments),
                            source_context(data.config.data, data.config.model.image.image_size));
  return data;
}

}  // namespace tandem::apps
