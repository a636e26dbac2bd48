#include "thunderline/thunderbolt/training/minari_export.h"

#include <hdf5.h>

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "thunderline/base/json_util.h"
#include "thunderline/thunderbolt/training/joined_steps.h"

namespace thunderline::thunderbolt {
namespace {

constexpr const char* kMinariVersion = "0.5.3";  // The loader refuses versions it does not know.
constexpr size_t kImageIncrement = size_t{1} << 20;

/// One Minari episode: T actions, T + 1 observations.
struct Episode {
  std::vector<float> observations;
  std::vector<int64_t> actions;
  std::vector<double> rewards;
  std::vector<int8_t> terminations;
  std::vector<int8_t> truncations;
};

/// Puts steps together into episodes.
class Collector {
 public:
  Status add(const Step& step, const std::optional<double>& reward) {
    if (episodes_.empty() && report_.unseen_steps == 0) width_ = step.state.size();
    if (step.state.size() != width_ || width_ == 0) {
      return fail(ErrorCode::kBadData,
                  "a state has " + std::to_string(step.state.size()) + " numbers, the first one " +
                      std::to_string(width_),
                  "step " + step.id.to_string(), "export one source or episode at a time");
    }
    const std::pair key(step.source, step.episode);
    if (!reward) {
      ++report_.unseen_steps;
      open_.erase(key);
      return {};
    }
    std::vector<float> next_state = step.next_state;
    next_state.resize(width_);
    const auto open = open_.find(key);
    const bool goes_on = open != open_.end() && continues(episodes_[open->second], step);
    const size_t index = goes_on ? open->second : begin_episode(step);
    append(episodes_[index], step, *reward, next_state);
    if (step.terminated || step.truncated) {
      open_.erase(key);
    } else {
      open_[key] = index;
    }
    return {};
  }

  /// The episodes, each properly ended.
  std::vector<Episode> finish() {
    for (Episode& episode : episodes_) {
      if (episode.terminations.back() == 0) episode.truncations.back() = 1;
      report_.steps += episode.actions.size();
    }
    report_.episodes = episodes_.size();
    return std::move(episodes_);
  }

  const MinariReport& report() const { return report_; }
  size_t width() const { return width_; }

 private:
  bool continues(const Episode& episode, const Step& step) const {
    return std::equal(step.state.begin(), step.state.end(),
                      episode.observations.end() - static_cast<ptrdiff_t>(width_));
  }

  size_t begin_episode(const Step& step) {
    episodes_.emplace_back().observations = step.state;
    return episodes_.size() - 1;
  }

  static void append(Episode& episode, const Step& step, double reward,
                     const std::vector<float>& next_state) {
    episode.observations.insert(episode.observations.end(), next_state.begin(), next_state.end());
    episode.actions.push_back(step.action);
    episode.rewards.push_back(reward);
    episode.terminations.push_back(step.terminated ? 1 : 0);
    episode.truncations.push_back(step.truncated ? 1 : 0);
  }

  size_t width_ = 0;
  std::vector<Episode> episodes_;
  std::map<std::pair<std::string, std::string>, size_t> open_;  // index by source and episode
  MinariReport report_;
};

/// An HDF5 identifier with an owner.
class Handle {
 public:
  Handle(hid_t id, herr_t (*close)(hid_t)) : id_(id), close_(close) {}
  ~Handle() {
    if (id_ >= 0) close_(id_);
  }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;

  operator hid_t() const { return id_; }  // NOLINT: the C interface takes nothing else

 private:
  hid_t id_;
  herr_t (*close_)(hid_t);
};

/// Writes episodes into a file in memory. Any failure of the library is kept until the end.
class HdfWriter {
 public:
  HdfWriter()
      : bool_type_(H5Tenum_create(H5T_NATIVE_INT8), H5Tclose), file_(make_file(), H5Fclose) {
    // As h5py writes booleans.
    int8_t value = 0;
    note(H5Tenum_insert(bool_type_, "FALSE", &value));
    value = 1;
    note(H5Tenum_insert(bool_type_, "TRUE", &value));
  }

  void write(const Episode& episode, size_t id, size_t width) {
    const std::string name = "episode_" + std::to_string(id);
    const Handle group(H5Gcreate2(file_, name.c_str(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT),
                       H5Gclose);
    note(group);
    const hsize_t steps = episode.actions.size();
    write_attribute(group, "id", static_cast<int64_t>(id));
    write_attribute(group, "total_steps", static_cast<int64_t>(steps));
    write_data(group, "observations", H5T_IEEE_F32LE, H5T_NATIVE_FLOAT,
               episode.observations.data(), {steps + 1, width});
    write_data(group, "actions", H5T_STD_I64LE, H5T_NATIVE_INT64, episode.actions.data(), {steps});
    write_data(group, "rewards", H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, episode.rewards.data(),
               {steps});
    write_data(group, "terminations", bool_type_, bool_type_, episode.terminations.data(), {steps});
    write_data(group, "truncations", bool_type_, bool_type_, episode.truncations.data(), {steps});
  }

  /// The bytes of the file.
  Result<std::string> image() {
    note(H5Fflush(file_, H5F_SCOPE_LOCAL));
    const ssize_t size = failed_ ? -1 : H5Fget_file_image(file_, nullptr, 0);
    std::string bytes(size > 0 ? static_cast<size_t>(size) : 0, '\0');
    if (size <= 0 || H5Fget_file_image(file_, bytes.data(), bytes.size()) != size) {
      return fail(ErrorCode::kInternal, "libhdf5 could not make the file");
    }
    return bytes;
  }

 private:
  static hid_t make_file() {
    const Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
    const Handle creation(H5Pcreate(H5P_FILE_CREATE), H5Pclose);
    H5Pset_fapl_core(access, kImageIncrement, false);
    H5Pset_link_creation_order(creation, H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED);
    return H5Fcreate("main_data.hdf5", H5F_ACC_TRUNC, creation, access);
  }

  template <typename Code>
  void note(const Code& code) {
    failed_ |= static_cast<hid_t>(code) < 0;
  }

  void write_attribute(hid_t group, const char* name, int64_t value) {
    const Handle space(H5Screate(H5S_SCALAR), H5Sclose);
    const Handle attribute(
        H5Acreate2(group, name, H5T_STD_I64LE, space, H5P_DEFAULT, H5P_DEFAULT), H5Aclose);
    note(H5Awrite(attribute, H5T_NATIVE_INT64, &value));
  }

  void write_data(hid_t group, const char* name, hid_t file_type, hid_t memory_type,
                  const void* data, const std::vector<hsize_t>& shape) {
    std::vector<hsize_t> most = shape;
    most[0] = H5S_UNLIMITED;
    const int rank = static_cast<int>(shape.size());
    const Handle space(H5Screate_simple(rank, shape.data(), most.data()), H5Sclose);
    const Handle creation(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
    note(H5Pset_chunk(creation, rank, shape.data()));
    const Handle set(H5Dcreate2(group, name, file_type, space, H5P_DEFAULT, creation, H5P_DEFAULT),
                     H5Dclose);
    note(H5Dwrite(set, memory_type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data));
  }

  bool failed_ = false;
  Handle bool_type_;
  Handle file_;
};

/// The smallest box that holds all observations, as Gymnasium's space in Minari's notation.
std::string observation_space(const std::vector<Episode>& episodes, size_t width) {
  const std::vector<float>& first = episodes.front().observations;
  std::vector<float> low(first.begin(), first.begin() + static_cast<ptrdiff_t>(width));
  std::vector<float> high = low;
  for (const Episode& episode : episodes) {
    for (size_t i = 0; i < episode.observations.size(); ++i) {
      low[i % width] = std::min(low[i % width], episode.observations[i]);
      high[i % width] = std::max(high[i % width], episode.observations[i]);
    }
  }
  return dump_json(OrderedJson{{"type", "Box"},
                               {"dtype", "float32"},
                               {"shape", {width}},
                               {"low", low},
                               {"high", high}});
}

std::string action_space(const std::vector<Episode>& episodes) {
  int64_t low = episodes.front().actions.front();
  int64_t high = low;
  for (const Episode& episode : episodes) {
    const auto [least, most] = std::minmax_element(episode.actions.begin(), episode.actions.end());
    low = std::min(low, *least);
    high = std::max(high, *most);
  }
  low = std::min<int64_t>(low, 0);
  return dump_json(OrderedJson{
      {"type", "Discrete"}, {"dtype", "int64"}, {"start", low}, {"n", high - low + 1}});
}

std::string metadata(const std::vector<Episode>& episodes, size_t width,
                     const MinariReport& report, const MinariOptions& minari, size_t data_bytes) {
  return dump_json(OrderedJson{{"total_episodes", report.episodes},
                               {"total_steps", report.steps},
                               {"data_format", "hdf5"},
                               {"observation_space", observation_space(episodes, width)},
                               {"action_space", action_space(episodes)},
                               {"dataset_id", minari.dataset_id},
                               {"minari_version", kMinariVersion},
                               {"jpeg_encoding", false},
                               {"dataset_size", static_cast<double>(data_bytes) / 1e6}},
                   2);
}

}  // namespace

Result<MinariReport> export_minari(TrajectoryLogger& log, const ReplayOptions& options,
                                   FileSystem& files, const std::string& folder,
                                   const MinariOptions& minari) {
  Collector collector;
  const auto add = [&](const Step& step, const std::optional<double>& reward) {
    return collector.add(step, reward);
  };
  TL_RETURN_IF_ERROR(visit_joined_steps(log, options, add));
  const std::vector<Episode> episodes = collector.finish();
  if (episodes.empty()) {
    return fail(ErrorCode::kBadData, "no step with a known reward to export", folder,
                "check the source and episode that were asked for");
  }
  HdfWriter writer;
  for (size_t i = 0; i < episodes.size(); ++i) writer.write(episodes[i], i, collector.width());
  TL_ASSIGN_OR_RETURN(const std::string image, writer.image());

  const std::string data = join_path(folder, "data");
  TL_RETURN_IF_ERROR(files.create_folders(data));
  TL_RETURN_IF_ERROR(write_file_atomically(files, join_path(data, "main_data.hdf5"), image));
  TL_RETURN_IF_ERROR(write_file_atomically(
      files, join_path(data, "metadata.json"),
      metadata(episodes, collector.width(), collector.report(), minari, image.size())));
  return collector.report();
}

}  // namespace thunderline::thunderbolt
