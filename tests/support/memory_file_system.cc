#include "tests/support/memory_file_system.h"

#include <algorithm>
#include <cstring>

namespace thunderline::testing {
namespace {

constexpr size_t kSectorBytes = 512;

std::string describe(Fault::Kind kind) {
  switch (kind) {
    case Fault::Kind::kNoSpace:
      return "no space left on device";
    case Fault::Kind::kShortWrite:
      return "short write";
    case Fault::Kind::kIoError:
      break;
  }
  return "input/output error";
}

bool coin(Random& random) { return random.below(2) == 0; }

}  // namespace

/// A file's bytes: as seen, as a power cut would leave them, and which seen bytes can no longer be
/// saved because a sync of them failed.
struct MemoryFileSystem::Inode {
  std::string seen;
  std::string safe;
  std::set<size_t> lost_sectors;

  void sync() { safe = what_can_be_saved(); }

  /// The seen bytes; in lost sectors what the disk has there, zeros past its end.
  std::string what_can_be_saved() const {
    std::string bytes = seen;
    for (const size_t sector : lost_sectors) {
      const size_t end = std::min((sector + 1) * kSectorBytes, bytes.size());
      for (size_t i = sector * kSectorBytes; i < end; ++i) bytes[i] = i < safe.size() ? safe[i] : '\0';
    }
    return bytes;
  }

  void lose_unsynced() {
    for (size_t at = 0; at < seen.size(); at += kSectorBytes) {
      const bool differs = at >= safe.size() ||
                           seen.compare(at, kSectorBytes, safe, at, kSectorBytes) != 0;
      if (differs) lost_sectors.insert(at / kSectorBytes);
    }
  }

  void forget_sectors_from(size_t size) {
    lost_sectors.erase(lost_sectors.lower_bound((size + kSectorBytes - 1) / kSectorBytes),
                       lost_sectors.end());
  }

  void power_cut(Random& random) {
    if (seen != safe) {
      const std::string candidate = what_can_be_saved();
      const size_t low = std::min(seen.size(), safe.size());
      const size_t high = std::max(seen.size(), safe.size());
      size_t size = low + random.below(high - low + 1);
      if (random.below(4) == 0) size = seen.size();
      if (random.below(4) == 0) size = safe.size();
      std::string left(size, '\0');
      const bool in_order = coin(random);
      for (size_t at = 0; at < size; at += kSectorBytes) {
        const size_t count = std::min(kSectorBytes, size - at);
        const bool safe_here = at + count <= safe.size();
        const bool take_new = in_order || coin(random);
        const std::string& source = take_new ? candidate : safe;
        // Past its end the chosen version has nothing: zeros, unless the safe one covers the place.
        const std::string& from = safe_here && at + count > source.size() ? safe : source;
        for (size_t i = at; i < at + count && i < from.size(); ++i) left[i] = from[i];
        // What was safe and unchanged stays, whichever version the sector took.
        for (size_t i = at; i < at + count && i < safe.size() && i < candidate.size(); ++i) {
          if (safe[i] == candidate[i]) left[i] = safe[i];
        }
      }
      safe = std::move(left);
    }
    seen = safe;
    lost_sectors.clear();
  }
};

struct MemoryFileSystem::State {
  /// A change of names that is not yet safe.
  struct NameChange {
    std::string removed;  // path, or empty
    std::string added;    // path, or empty
    std::shared_ptr<Inode> inode;

    bool touches(const std::string& folder) const {
      return (!removed.empty() && parent_path(removed) == folder) ||
             (!added.empty() && parent_path(added) == folder);
    }
    void apply(std::map<std::string, std::shared_ptr<Inode>>& names) const {
      if (!removed.empty()) names.erase(removed);
      if (!added.empty()) names[added] = inode;
    }
  };

  mutable std::mutex mutex;
  std::map<std::string, std::shared_ptr<Inode>> names;
  std::map<std::string, std::shared_ptr<Inode>> safe_names;
  std::vector<NameChange> changes;
  std::set<std::string> folders;
  std::set<std::string> locks;
  std::array<uint64_t, kFileOps> counts{};
  std::vector<Fault> faults;
  bool struck = false;
  uint64_t power_cycles = 0;

  /// Counts the operation; the fault that strikes it, if one does. Caller holds the mutex.
  std::optional<Fault> begin(FileOp op) {
    ++counts[static_cast<size_t>(op)];
    for (Fault& fault : faults) {
      if (fault.op != op && fault.op != FileOp::kAny) continue;
      if (fault.nth > 1) {
        --fault.nth;
        continue;
      }
      if (fault.nth == 0 && !fault.sticky) continue;  // It has struck.
      fault.nth = fault.sticky ? 1 : 0;
      struck = true;
      return fault;
    }
    return std::nullopt;
  }

  Status try_op(FileOp op, const std::string& path) {
    if (const auto fault = begin(op)) {
      return fail(ErrorCode::kUnavailable, "injected: " + describe(fault->kind), path);
    }
    return {};
  }

  Result<std::shared_ptr<Inode>> find(const std::string& path) const {
    const auto it = names.find(path);
    if (it == names.end()) return fail(ErrorCode::kNotFound, "no such file", path);
    return it->second;
  }

  void change(NameChange name_change) {
    name_change.apply(names);
    changes.push_back(std::move(name_change));
  }
};

class MemoryFileSystem::Writable final : public WritableFile {
 public:
  Writable(std::shared_ptr<State> state, std::shared_ptr<Inode> inode, std::string path)
      : state_(std::move(state)), inode_(std::move(inode)), path_(std::move(path)),
        power_cycle_(state_->power_cycles) {}

  Status append(std::span<const std::byte> data) override {
    const std::lock_guard lock(state_->mutex);
    TL_RETURN_IF_ERROR(check_power());
    const std::string_view text(reinterpret_cast<const char*>(data.data()), data.size());
    if (const auto fault = state_->begin(FileOp::kAppend)) {
      if (fault->kind == Fault::Kind::kShortWrite) inode_->seen += text.substr(0, text.size() / 2);
      return fail(ErrorCode::kUnavailable, "injected: " + describe(fault->kind), path_);
    }
    inode_->seen += text;
    return {};
  }

  Status sync() override {
    const std::lock_guard lock(state_->mutex);
    TL_RETURN_IF_ERROR(check_power());
    if (auto status = state_->try_op(FileOp::kSync, path_); !status) {
      inode_->lose_unsynced();
      return status;
    }
    inode_->sync();
    return {};
  }

  Status close() override { return {}; }

 private:
  Status check_power() const {
    if (power_cycle_ == state_->power_cycles) return {};
    return fail(ErrorCode::kUnavailable, "the file was open when the power was cut", path_);
  }

  std::shared_ptr<State> state_;
  std::shared_ptr<Inode> inode_;
  std::string path_;
  uint64_t power_cycle_;
};

class MemoryFileSystem::Readable final : public ReadableFile {
 public:
  Readable(std::shared_ptr<State> state, std::shared_ptr<Inode> inode, std::string path)
      : state_(std::move(state)), inode_(std::move(inode)), path_(std::move(path)) {}

  Result<uint64_t> size() const override {
    const std::lock_guard lock(state_->mutex);
    return inode_->seen.size();
  }

  Result<size_t> read(uint64_t offset, std::span<std::byte> out) const override {
    const std::lock_guard lock(state_->mutex);
    TL_RETURN_IF_ERROR(state_->try_op(FileOp::kRead, path_));
    if (offset >= inode_->seen.size()) return size_t{0};
    const size_t count = std::min<size_t>(out.size(), inode_->seen.size() - offset);
    std::memcpy(out.data(), inode_->seen.data() + offset, count);
    return count;
  }

 private:
  std::shared_ptr<State> state_;
  std::shared_ptr<Inode> inode_;
  std::string path_;
};

class MemoryFileSystem::Lock final : public FileLock {
 public:
  Lock(std::shared_ptr<State> state, std::string path)
      : state_(std::move(state)), path_(std::move(path)), power_cycle_(state_->power_cycles) {}
  ~Lock() override {
    const std::lock_guard lock(state_->mutex);
    if (power_cycle_ == state_->power_cycles) state_->locks.erase(path_);
  }

 private:
  std::shared_ptr<State> state_;
  std::string path_;
  uint64_t power_cycle_;
};

MemoryFileSystem::MemoryFileSystem() : state_(std::make_shared<State>()) {}
MemoryFileSystem::~MemoryFileSystem() = default;

void MemoryFileSystem::power_cut(uint64_t seed) {
  const std::lock_guard lock(state_->mutex);
  Random random(seed);
  ++state_->power_cycles;
  for (const State::NameChange& change : state_->changes) {
    if (coin(random)) change.apply(state_->safe_names);
  }
  state_->changes.clear();
  state_->names = state_->safe_names;
  for (const auto& [path, inode] : state_->names) inode->power_cut(random);
  state_->locks.clear();
}

void MemoryFileSystem::plan_fault(const Fault& fault) {
  const std::lock_guard lock(state_->mutex);
  state_->faults.push_back(fault);
}

void MemoryFileSystem::clear_faults() {
  const std::lock_guard lock(state_->mutex);
  state_->faults.clear();
  state_->struck = false;
}

bool MemoryFileSystem::fault_struck() const {
  const std::lock_guard lock(state_->mutex);
  return state_->struck;
}

uint64_t MemoryFileSystem::count(FileOp op) const {
  const std::lock_guard lock(state_->mutex);
  if (op != FileOp::kAny) return state_->counts[static_cast<size_t>(op)];
  uint64_t sum = 0;
  for (const uint64_t count : state_->counts) sum += count;
  return sum;
}

std::string MemoryFileSystem::content(const std::string& path) const {
  const std::lock_guard lock(state_->mutex);
  const auto it = state_->names.find(path);
  TL_CHECK(it != state_->names.end());
  return it->second->seen;
}

void MemoryFileSystem::put(const std::string& path, std::string_view content) {
  const std::lock_guard lock(state_->mutex);
  auto inode = std::make_shared<Inode>();
  inode->seen = inode->safe = std::string(content);
  state_->names[path] = inode;
  state_->safe_names[path] = inode;
}

void MemoryFileSystem::flip_bit(const std::string& path, uint64_t bit) {
  const std::lock_guard lock(state_->mutex);
  Inode& inode = *state_->names.at(path);
  const auto mask = static_cast<char>(1 << (bit % 8));
  inode.seen.at(bit / 8) ^= mask;
  if (bit / 8 < inode.safe.size()) inode.safe[bit / 8] ^= mask;
}

Result<std::unique_ptr<WritableFile>> MemoryFileSystem::create(const std::string& path) {
  const std::lock_guard lock(state_->mutex);
  TL_RETURN_IF_ERROR(state_->try_op(FileOp::kCreate, path));
  if (!state_->folders.contains(parent_path(path))) {
    return fail(ErrorCode::kNotFound, "no such folder", parent_path(path));
  }
  if (const auto it = state_->names.find(path); it != state_->names.end()) {
    it->second->seen.clear();
    it->second->lost_sectors.clear();
    return std::make_unique<Writable>(state_, it->second, path);
  }
  state_->change({"", path, std::make_shared<Inode>()});
  return std::make_unique<Writable>(state_, state_->names.at(path), path);
}

Result<std::unique_ptr<WritableFile>> MemoryFileSystem::open_append(const std::string& path) {
  const std::lock_guard lock(state_->mutex);
  TL_RETURN_IF_ERROR(state_->try_op(FileOp::kOpenAppend, path));
  if (!state_->folders.contains(parent_path(path))) {
    return fail(ErrorCode::kNotFound, "no such folder", parent_path(path));
  }
  if (!state_->names.contains(path)) state_->change({"", path, std::make_shared<Inode>()});
  return std::make_unique<Writable>(state_, state_->names.at(path), path);
}

Result<std::unique_ptr<ReadableFile>> MemoryFileSystem::open_read(const std::string& path) {
  const std::lock_guard lock(state_->mutex);
  TL_RETURN_IF_ERROR(state_->try_op(FileOp::kOpenRead, path));
  TL_ASSIGN_OR_RETURN(auto inode, state_->find(path));
  return std::make_unique<Readable>(state_, std::move(inode), path);
}

Status MemoryFileSystem::truncate(const std::string& path, uint64_t size_bytes) {
  const std::lock_guard lock(state_->mutex);
  TL_RETURN_IF_ERROR(state_->try_op(FileOp::kTruncate, path));
  TL_ASSIGN_OR_RETURN(const auto inode, state_->find(path));
  inode->seen.resize(size_bytes);
  inode->forget_sectors_from(size_bytes);
  return {};
}

Status MemoryFileSystem::rename(const std::string& from, const std::string& to) {
  const std::lock_guard lock(state_->mutex);
  TL_RETURN_IF_ERROR(state_->try_op(FileOp::kRename, from));
  TL_ASSIGN_OR_RETURN(const auto inode, state_->find(from));
  state_->change({from, to, inode});
  return {};
}

Status MemoryFileSystem::remove(const std::string& path) {
  const std::lock_guard lock(state_->mutex);
  TL_RETURN_IF_ERROR(state_->try_op(FileOp::kRemove, path));
  TL_RETURN_IF_ERROR(state_->find(path));
  state_->change({path, "", nullptr});
  return {};
}

Status MemoryFileSystem::remove_tree(const std::string& path) {
  const std::lock_guard lock(state_->mutex);
  TL_RETURN_IF_ERROR(state_->try_op(FileOp::kRemove, path));
  std::vector<std::string> doomed;
  for (const auto& [name, inode] : state_->names) {
    if (name == path || name.starts_with(path + "/")) doomed.push_back(name);
  }
  for (const std::string& name : doomed) state_->change({name, "", nullptr});
  std::erase_if(state_->folders, [&](const std::string& folder) {
    return folder == path || folder.starts_with(path + "/");
  });
  return {};
}

Status MemoryFileSystem::create_folders(const std::string& path) {
  const std::lock_guard lock(state_->mutex);
  TL_RETURN_IF_ERROR(state_->try_op(FileOp::kCreateFolders, path));
  for (std::string folder = path; folder != "." && folder != "/"; folder = parent_path(folder)) {
    state_->folders.insert(folder);
  }
  return {};
}

Status MemoryFileSystem::sync_folder(const std::string& path) {
  const std::lock_guard lock(state_->mutex);
  TL_RETURN_IF_ERROR(state_->try_op(FileOp::kSyncFolder, path));
  std::erase_if(state_->changes, [&](const State::NameChange& change) {
    if (!change.touches(path)) return false;
    change.apply(state_->safe_names);
    return true;
  });
  return {};
}

Result<std::vector<DirEntry>> MemoryFileSystem::list(const std::string& path) {
  const std::lock_guard lock(state_->mutex);
  TL_RETURN_IF_ERROR(state_->try_op(FileOp::kList, path));
  if (!state_->folders.contains(path)) return fail(ErrorCode::kNotFound, "no such folder", path);
  std::vector<DirEntry> entries;
  const auto name_in = [&](const std::string& full) { return full.substr(path.size() + 1); };
  for (const auto& [name, inode] : state_->names) {
    if (parent_path(name) == path) entries.push_back({name_in(name), DirEntry::Kind::kFile});
  }
  for (const std::string& folder : state_->folders) {
    if (parent_path(folder) == path) entries.push_back({name_in(folder), DirEntry::Kind::kFolder});
  }
  std::sort(entries.begin(), entries.end(),
            [](const DirEntry& a, const DirEntry& b) { return a.name < b.name; });
  return entries;
}

bool MemoryFileSystem::exists(const std::string& path) {
  const std::lock_guard lock(state_->mutex);
  return state_->names.contains(path) || state_->folders.contains(path);
}

Result<uint64_t> MemoryFileSystem::file_size(const std::string& path) {
  const std::lock_guard lock(state_->mutex);
  TL_ASSIGN_OR_RETURN(const auto inode, state_->find(path));
  return inode->seen.size();
}

Result<std::unique_ptr<FileLock>> MemoryFileSystem::lock(const std::string& path) {
  const std::lock_guard lock(state_->mutex);
  if (!state_->locks.insert(path).second) {
    return fail(ErrorCode::kRefused, "another process uses this folder", path);
  }
  return std::make_unique<Lock>(state_, path);
}

}  // namespace thunderline::testing
