#include "clip_eval/tasks.h"

#include <algorithm>
#include <array>
#include <limits>
#include <memory>
#include <string_view>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "common/text_io.h"
#include "tandem/config/load.h"
#include "tandem/core/files.h"
#include "tandem/core/library_error.h"
#include "tandem/core/text.h"
#include "tandem/eval/evaluate.h"
#include "tandem/eval/zero_shot.h"

namespace tandem::apps {
namespace {

using Json = nlohmann::ordered_json;

constexpr uint64_t kMaxTaskFile = uint64_t{16} << 20;
constexpr std::string_view kClassification = "zeroshot_classification";
constexpr std::string_view kRetrieval = "zeroshot_retrieval";

/// Reads one entry; every mistake becomes a line in `mistakes`.
class TaskReader {
 public:
  TaskReader(const Json& entry, std::string where, std::vector<std::string>& mistakes)
      : entry_(entry), where_(std::move(where)), mistakes_(mistakes) {}

  Task read() {
    Task task;
    task.templates = EvalOptions{}.templates;
    task.max_samples = std::numeric_limits<int64_t>::max();
    if (!entry_.is_object()) {
      complain("", "an object", entry_);
      return task;
    }
    refuse_unknown_keys();
    read_text("name", true, task.name);
    read_text("language", false, task.language);
    read_kind(task);
    read_data(task);
    read_classes(task);
    read_templates(task);
    read_max_samples(task);
    read_rerank(task);
    return task;
  }

 private:
  void complain(const std::string& key, const std::string& expected, const Json& found) {
    mistakes_.push_back(
        fmt::format("{}{}: expected {}, found {}", where_, key, expected, shortened(found.dump())));
  }

  void refuse_unknown_keys() {
    constexpr std::array<std::string_view, 8> kKeys = {
        "name", "task", "data", "templates", "max_samples", "language", "classes", "rerank"};
    for (const auto& item : entry_.items()) {
      if (std::find(kKeys.begin(), kKeys.end(), item.key()) != kKeys.end()) continue;
      mistakes_.push_back(fmt::format("{}.{}: unknown key: expected one of {}", where_, item.key(),
                                      fmt::join(kKeys, ", ")));
    }
  }

  const Json* find(const char* key, bool required) {
    const auto found = entry_.find(key);
    if (found != entry_.end()) return &*found;
    if (required) mistakes_.push_back(fmt::format("{}.{}: missing", where_, key));
    return nullptr;
  }

  void read_text(const char* key, bool required, std::string& value) {
    const Json* found = find(key, required);
    if (found == nullptr) return;
    if (!found->is_string() || found->get_ref<const std::string&>().empty())
      return complain(fmt::format(".{}", key), "a non-empty string", *found);
    value = found->get<std::string>();
  }

  void read_kind(Task& task) {
    const Json* found = find("task", true);
    if (found == nullptr) return;
    if (*found == kClassification) {
      task.kind = TaskKind::kClassification;
    } else if (*found == kRetrieval) {
      task.kind = TaskKind::kRetrieval;
    } else {
      complain(".task", fmt::format("\"{}\" or \"{}\"", kClassification, kRetrieval), *found);
    }
  }

  void read_data(Task& task) {
    const Json* found = find("data", true);
    if (found == nullptr) return;
    try {
      task.data = parse_source(found->dump(), where_ + ".data");
    } catch (const Error& error) {
      mistakes_.emplace_back(error.what());
    }
  }

  /// Names for the folders of the data: folder to name, a list in their order, or a file.
  void read_classes(Task& task) {
    const Json* found = find("classes", false);
    if (found == nullptr) return;
    const bool texts = (found->is_object() || found->is_array()) && !found->empty() &&
                       std::all_of(found->begin(), found->end(),
                                   [](const Json& each) { return each.is_string(); });
    if (!texts && !found->is_string())
      return complain(".classes", "an object of folders and names, a list of names, or a file",
                      *found);
    if (task.data.kind != SourceKind::kFolder) {
      mistakes_.push_back(where_ + ".classes: only data of kind folder takes names");
    } else if (found->is_string()) {
      task.data.class_names = expand_home(found->get_ref<const std::string&>());
    } else {
      for (const auto& item : found->items()) {
        const auto& name = item.value().get_ref<const std::string&>();
        task.data.classes.push_back(found->is_object() ? item.key() + "\t" + name : name);
      }
    }
  }

  void read_templates(Task& task) {
    const Json* found = find("templates", false);
    if (found == nullptr) return;
    const bool texts = found->is_array() && !found->empty() &&
                       std::all_of(found->begin(), found->end(),
                                   [](const Json& each) { return each.is_string(); });
    if (!texts) return complain(".templates", "a non-empty array of strings", *found);
    task.templates = found->get<std::vector<std::string>>();
    for (const std::string& each : task.templates) check_template(each);
  }

  void check_template(const std::string& text) {
    try {
      (void)fill_template(text, "class");
    } catch (const Error& error) {
      mistakes_.push_back(fmt::format("{}.templates: {}", where_, error.what()));
    }
  }

  void read_max_samples(Task& task) {
    const Json* found = find("max_samples", false);
    if (found == nullptr) return;
    if (!found->is_number_integer() || *found < 1)
      return complain(".max_samples", "an integer of at least 1", *found);
    task.max_samples = found->get<int64_t>();
  }

  void read_rerank(Task& task) {
    const Json* found = find("rerank", false);
    if (found == nullptr) return;
    if (!found->is_number_integer() || *found < 1 || *found > std::numeric_limits<int32_t>::max())
      return complain(".rerank", "an integer of at least 1", *found);
    task.rerank = found->get<int64_t>();
    if (task.kind != TaskKind::kRetrieval)
      mistakes_.push_back(where_ + ".rerank: only zeroshot_retrieval is re-ranked");
  }

  const Json& entry_;
  std::string where_;
  std::vector<std::string>& mistakes_;
};

Json parse_file(const std::filesystem::path& path) {
  const std::string text = read_file(path, kMaxTaskFile);
  check_json(text, path.string());
  try {
    return Json::parse(text);
  } catch (const Json::exception& error) {
    throw Error(ErrorKind::kConfig, {.what = library_error(error).what(), .where = path.string()});
  }
}

Json classification(const Task& task, const Pipeline& pipeline, const Source& source) {
  return named_metrics(evaluate_zero_shot(pipeline, source, task.templates, task.max_samples, 0));
}

Json retrieval(const Task& task, const Pipeline& pipeline, const Source& source) {
  return named_metrics(evaluate_retrieval(
      pipeline, source, {.max_samples = task.max_samples, .rerank = task.rerank}));
}

/// Throws what `work` throws, with the task in front.
template <typename Work>
auto naming(const Task& task, const Work& work) {
  try {
    return work();
  } catch (const Error& error) {
    throw error.within(task.where);
  }
}

// Here the names come from the data, and so does what is wrong with them.
void check_classes(const std::vector<std::string>& names) {
  try {
    check_class_names(names);
  } catch (const Error& error) {
    throw Error(ErrorKind::kData, error.text());
  }
}

void check_model(const Task& task, const Pipeline& pipeline) {
  if (task.rerank == 0 || pipeline.config().model.text.cross_attention) return;
  throw Error(ErrorKind::kUsage,
              {.what = "this model has no matching head to rank with",
               .where = "rerank",
               .expected = "a model of task.kind blip, or a converted BLIP retrieval model"});
}

std::unique_ptr<Source> open_data(const Task& task, const SourceContext& context) {
  std::unique_ptr<Source> source = open_source(task.data, context);
  if (task.kind == TaskKind::kClassification) check_classes(source->class_names());
  return source;
}

}  // namespace

std::vector<Task> read_tasks(const std::filesystem::path& path) {
  const Json file = parse_file(path);
  if (!file.is_array() || file.empty()) {
    throw Error(ErrorKind::kConfig, {.what = "holds no tasks",
                                     .where = path.string(),
                                     .expected = "a JSON array with at least one task"});
  }
  std::vector<std::string> mistakes;
  std::vector<Task> tasks;
  for (size_t i = 0; i < file.size(); ++i) {
    Task& task = tasks.emplace_back(TaskReader(file[i], fmt::format("[{}]", i), mistakes).read());
    task.where = fmt::format("{}: [{}] \"{}\"", path.string(), i, task.name);
  }
  if (!mistakes.empty()) {
    throw Error(ErrorKind::kConfig, {.what = fmt::format("{} mistake(s):\n  {}", mistakes.size(),
                                                         fmt::join(mistakes, "\n  ")),
                                     .where = path.string()});
  }
  return tasks;
}

std::string run_tasks(const std::vector<Task>& tasks, const Pipeline& pipeline,
                      const TaskContext& context) {
  const SourceContext sources_context{.transform = pipeline.config().transform,
                                      .allow_outside_root = context.allow_outside_root,
                                      .image_size = pipeline.config().model.image.image_size};
  std::vector<std::unique_ptr<Source>> sources;
  for (const Task& task : tasks) naming(task, [&] { check_model(task, pipeline); });
  for (const Task& task : tasks)
    sources.push_back(naming(task, [&] { return open_data(task, sources_context); }));

  Json records = Json::array();
  for (size_t i = 0; i < tasks.size(); ++i) {
    const Task& task = tasks[i];
    const bool classifies = task.kind == TaskKind::kClassification;
    const std::string_view kind = classifies ? kClassification : kRetrieval;
    write_note(fmt::format("{} on {} …\n", kind, task.name));
    Json metrics = naming(task, [&] {
      return classifies ? classification(task, pipeline, *sources[i])
                        : retrieval(task, pipeline, *sources[i]);
    });
    records.push_back({{"dataset", task.name},
                       {"model", "tandem"},
                       {"pretrained", context.model_directory.string()},
                       {"task", kind},
                       {"metrics", std::move(metrics)},
                       {"language", task.language}});
    if (task.rerank > 0) records.back()["rerank"] = task.rerank;
  }
  return records.dump(2, ' ', false, Json::error_handler_t::replace);
}

}  // namespace tandem::apps
