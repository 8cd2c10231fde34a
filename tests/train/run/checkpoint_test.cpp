#include "tandem/train/checkpoint.h"

#include <fstream>
#include <limits>

#include <nlohmann/json.hpp>

#include "tandem/core/files.h"
#include "train/run/manifest.h"
#include "train/tiny.h"

namespace tandem {
namespace {

namespace fs = std::filesystem;

Checkpoint make_checkpoint(int64_t step) {
  const auto value = static_cast<double>(step);
  return {.step = step,
          .stream_position = 18446744073709551615ULL - static_cast<uint64_t>(step),
          .weights = {{"a", torch::arange(6, torch::kFloat32).view({2, 3}) + value},
                      {"b", torch::full({4}, value).to(torch::kBFloat16)}},
          .optimizer = {{"exp_avg.a", torch::full({2, 3}, 0.5 * value)}},
          .optimizer_steps = step - 1,
          .config_json = "{\n  \"run\": {\"name\": \"Übung\"}\n}",
          .data_fingerprint = "data",
          .tokenizer_fingerprint = "pieces"};
}

fs::path save(const fs::path& folder, int64_t step, int64_t keep_last = 10) {
  return save_checkpoint(folder, make_checkpoint(step), keep_last);
}

std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder))
    names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

void flip_byte(const fs::path& file) {
  std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
  stream.seekg(-1, std::ios::end);
  const auto byte = static_cast<char>(stream.get() ^ 1);
  stream.seekp(-1, std::ios::end);
  stream.put(byte);
}

void set_version(const fs::path& checkpoint, int64_t version) {
  const fs::path file = checkpoint / "manifest.json";
  auto manifest = nlohmann::json::parse(read_file(file));
  manifest["format_version"] = version;
  manifest["tandem_version"] = "9.9.9";
  write_file_atomically(file, manifest.dump());
}

TEST(Checkpoint, ComesBackAsItWasSaved) {
  const TemporaryFolder folder;
  const Checkpoint written = make_checkpoint(1000);
  const fs::path path = save_checkpoint(folder.path(), written, 1);
  EXPECT_EQ(path, folder.path() / "step-00001000");
  EXPECT_EQ(read_file(folder.path() / "latest"), "step-00001000\n");

  const Checkpoint read = load_checkpoint(path);
  EXPECT_EQ(read.step, written.step);
  EXPECT_EQ(read.stream_position, written.stream_position);
  EXPECT_EQ(read.optimizer_steps, written.optimizer_steps);
  EXPECT_EQ(read.config_json, written.config_json);
  EXPECT_EQ(read.data_fingerprint, "data");
  EXPECT_EQ(read.tokenizer_fingerprint, "pieces");
  ASSERT_EQ(read.weights.size(), 2U);
  EXPECT_TRUE(torch::equal(read.weights.at("a"), written.weights.at("a")));
  EXPECT_EQ(read.weights.at("b").scalar_type(), torch::kBFloat16);
  EXPECT_TRUE(torch::equal(read.weights.at("b"), written.weights.at("b")));
  EXPECT_TRUE(torch::equal(read.optimizer.at("exp_avg.a"), written.optimizer.at("exp_avg.a")));
}

TEST(Checkpoint, KeepsTheNewestByStep) {
  const TemporaryFolder folder;
  for (const int64_t step : {5, 100000000, 20, 30}) save(folder.path(), step, 2);
  EXPECT_EQ(names_in(folder.path()),
            (std::vector<std::string>{"latest", "step-00000030", "step-100000000"}));
  save(folder.path(), 100000001, 0);
  EXPECT_EQ(names_in(folder.path()), (std::vector<std::string>{"latest", "step-100000001"}));
}

TEST(Checkpoint, ReplacesOneOfTheSameStep) {
  const TemporaryFolder folder;
  Checkpoint checkpoint = make_checkpoint(4);
  save_checkpoint(folder.path(), checkpoint, 2);
  checkpoint.data_fingerprint = "other";
  const fs::path path = save_checkpoint(folder.path(), checkpoint, 2);
  EXPECT_EQ(load_checkpoint(path).data_fingerprint, "other");
  EXPECT_EQ(names_in(folder.path()), (std::vector<std::string>{"latest", "step-00000004"}));
}

TEST(Checkpoint, RefusesNumbersThatAreNotFinite) {
  for (const double bad :
       {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    const TemporaryFolder folder;
    const fs::path good = save(folder.path(), 1);
    Checkpoint checkpoint = make_checkpoint(2);
    checkpoint.weights["a"][1][2] = bad;
    expect_error(ErrorKind::kDiverged, {.what = "a holds numbers that are not finite at step 2"},
                 [&] { save_checkpoint(folder.path(), checkpoint, 1); });
    EXPECT_EQ(find_latest_checkpoint(folder.path()), good);
  }
}

TEST(Checkpoint, SaysWhenTheDiskIsTooSmall) {
  const TemporaryFolder folder;
  const Error error = expect_error(ErrorKind::kIo, {.expected = "5534023222112.9 MB free"},
                                   [&] { require_free_space(folder.path(), uint64_t{1} << 62); });
  EXPECT_NE(error.text().found, "");
  EXPECT_NO_THROW(require_free_space(folder.path(), 1));
}

TEST(Checkpoint, SaysWhenAFileIsInTheWay) {
  const TemporaryFolder folder;
  std::ofstream(folder.path() / "checkpoints") << "not a folder";
  const Error error = error_of([&] { save(folder.path() / "checkpoints", 1); });
  EXPECT_EQ(error.kind(), ErrorKind::kCannotCreate);
}

TEST(Checkpoint, RefusesAnotherFormatVersionAndLeavesItAlone) {
  const TemporaryFolder folder;
  const fs::path path = save(folder.path(), 1);
  set_version(path, kCheckpointFormat + 1);
  expect_error(ErrorKind::kCheckpoint, {.expected = "1", .found = "2, written by tandem 9.9.9"},
               [&] { (void)load_checkpoint(path); });
  EXPECT_EQ(error_of([&] { (void)find_latest_checkpoint(folder.path()); }).kind(),
            ErrorKind::kCheckpoint);
  EXPECT_TRUE(fs::exists(path));
}

TEST(Checkpoint, RefusesWhatIsNone) {
  const TemporaryFolder folder;
  const auto refuses = [](ErrorKind kind, const fs::path& path, const std::string& found) {
    const Error error =
        expect_error(kind, {.what = "no checkpoint here"}, [&] { (void)load_checkpoint(path); });
    EXPECT_EQ(error.text().where, path.empty() ? "an empty path" : path.string());
    EXPECT_EQ(error.text().expected, "a folder step-NNNNNNNN");
    EXPECT_EQ(error.text().found, found);
    EXPECT_EQ(error.text().hint, "");
  };
  for (const fs::path& path : {folder.path() / "nowhere", fs::path()})
    refuses(ErrorKind::kMissingInput, path, "nothing");
  std::ofstream(folder.path() / "file") << "a file";
  refuses(ErrorKind::kCheckpoint, folder.path() / "file", "a file");
  refuses(ErrorKind::kCheckpoint, folder.path(), "another folder");
}

TEST(Checkpoint, NamesTheNewestWhereAFolderAroundItIsGiven) {
  const TemporaryFolder folder;
  const fs::path checkpoints = folder.path() / "checkpoints";
  fs::create_directory(checkpoints);
  save(checkpoints, 1);
  const fs::path newest = save(checkpoints, 2);
  for (const fs::path& path :
       {folder.path(), checkpoints, checkpoints / "", checkpoints / "step-00000009"}) {
    const Error error = error_of([&] { (void)load_checkpoint(path); });
    expect_parts(error, {.what = "no checkpoint here"});
    EXPECT_EQ(error.text().hint, newest.string());
  }
}

struct Damage {
  std::string name;
  std::function<void(const fs::path&)> make;
  std::string found;
};

class DamagedCheckpoint : public testing::TestWithParam<Damage> {};

TEST_P(DamagedCheckpoint, IsRefusedAndSetAsideForTheOneBefore) {
  const TemporaryFolder folder;
  const fs::path good = save(folder.path(), 1);
  const fs::path bad = save(folder.path(), 2);
  GetParam().make(bad);

  expect_error(ErrorKind::kCheckpoint, {.found = GetParam().found},
               [&] { (void)load_checkpoint(bad); });

  EXPECT_EQ(find_latest_checkpoint(folder.path()), good);
  EXPECT_FALSE(fs::exists(bad));
  EXPECT_TRUE(fs::exists(bad.string() + ".damaged"));
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, DamagedCheckpoint,
    testing::Values(
        Damage{"MissingFile", [](const fs::path& path) { fs::remove(path / "state.json"); },
               "state.json is missing"},
        Damage{"FlippedByte", [](const fs::path& path) { flip_byte(path / "model.safetensors"); },
               "model.safetensors is damaged: its hash differs"},
        Damage{"Truncated",
               [](const fs::path& path) {
                 const fs::path file = path / "optimizer.safetensors";
                 fs::resize_file(file, fs::file_size(file) - 1);
               },
               "bytes instead of"},
        Damage{"NoManifest", [](const fs::path& path) { fs::remove(path / "manifest.json"); },
               "manifest.json is missing"},
        Damage{"HalfAManifest",
               [](const fs::path& path) { fs::resize_file(path / "manifest.json", 40); },
               "manifest.json is damaged"}),
    [](const auto& damage) { return damage.param.name; });

TEST(FindLatestCheckpoint, FindsNothingWhereNothingIs) {
  const TemporaryFolder folder;
  EXPECT_EQ(find_latest_checkpoint(folder.path()), std::nullopt);
  EXPECT_EQ(find_latest_checkpoint(folder.path() / "missing"), std::nullopt);
  fs::create_directories(folder.path() / "step-x");
  fs::create_directories(folder.path() / "step-12");
  EXPECT_EQ(find_latest_checkpoint(folder.path()), std::nullopt);
}

TEST(FindLatestCheckpoint, GoesByStepNotByTimeNorByTheLatestFile) {
  const TemporaryFolder folder;
  const fs::path newest = save(folder.path(), 20);
  save(folder.path(), 10);
  EXPECT_EQ(read_file(folder.path() / "latest"), "step-00000010\n");
  EXPECT_EQ(find_latest_checkpoint(folder.path()), newest);
  write_file_atomically(folder.path() / "latest", "step-99999999\n");
  EXPECT_EQ(find_latest_checkpoint(folder.path()), newest);
  fs::remove(folder.path() / "latest");
  EXPECT_EQ(find_latest_checkpoint(folder.path()), newest);
}

TEST(FindLatestCheckpoint, ClearsAwayWhatDeadProcessesLeft) {
  const TemporaryFolder folder;
  const fs::path good = save(folder.path(), 1);
  constexpr const char* kDead = "999999999";  // beyond any pid_max
  const fs::path half = folder.path() / (std::string("step-00000002.tmp-") + kDead);
  const fs::path mine = folder.path() / ("step-00000003.tmp-" + std::to_string(::getpid()));
  fs::create_directories(half);
  fs::create_directories(mine);
  EXPECT_EQ(find_latest_checkpoint(folder.path()), good);
  EXPECT_FALSE(fs::exists(half));
  EXPECT_TRUE(fs::exists(mine));

  // Killed between stepping aside and the new one's arrival.
  fs::rename(good, good.string() + ".old-" + kDead);
  EXPECT_EQ(find_latest_checkpoint(folder.path()), good);
  EXPECT_NO_THROW((void)load_checkpoint(good));
}

TEST(FindLatestCheckpoint, SurvivesManyDamagedOnesOfOneStep) {
  const TemporaryFolder folder;
  for (int n = 0; n < 3; ++n) {
    fs::remove(save(folder.path(), 7) / "manifest.json");
    EXPECT_EQ(find_latest_checkpoint(folder.path()), std::nullopt);
  }
  EXPECT_EQ(names_in(folder.path()),
            (std::vector<std::string>{"latest", "step-00000007.2.damaged",
                                      "step-00000007.3.damaged", "step-00000007.damaged"}));
}

}  // namespace
}  // namespace tandem
