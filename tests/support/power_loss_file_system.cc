#include "support/power_loss_file_system.h"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace softac::test {

namespace {

constexpr int kRoot = 0;

// Which of n pending changes reach the disk: none, all, the first few, or any of them.
std::vector<bool> survivors(std::size_t n, std::mt19937& random) {
  std::vector<bool> out(n, false);
  switch (random() % 4) {
    case 0:
      break;
    case 1:
      out.assign(n, true);
      break;
    case 2:
      std::fill_n(out.begin(), random() % (n + 1), true);
      break;
    default:
      for (std::size_t i = 0; i < n; ++i) out[i] = random() % 2 == 0;
  }
  return out;
}

class MemoryReadable : public ReadableFile {
 public:
  MemoryReadable(std::vector<std::byte> bytes, Path path) : bytes_(std::move(bytes)), path_(std::move(path)) {}
  std::uint64_t size() const override { return bytes_.size(); }
  void read_at(std::uint64_t offset, std::span<std::byte> out) override {
    if (offset > bytes_.size() || out.size() > bytes_.size() - offset)
      throw IoError("cannot read " + path_.string() + ": it ends");
    std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(offset), out.size(), out.begin());
  }

 private:
  std::vector<std::byte> bytes_;
  Path path_;
};

class NoLock : public FileLock {};

}  // namespace

class PowerLossWritable : public WritableFile {
 public:
  PowerLossWritable(PowerLossFileSystem& fs, int node) : fs_(fs), node_(node) {}
  using WritableFile::write;
  void write(std::span<const std::byte> bytes) override {
    const std::lock_guard guard(fs_.mutex_);
    const bool last = fs_.step();
    auto& node = fs_.nodes_[static_cast<std::size_t>(node_)];
    const auto part = last ? bytes.first(bytes.size() / 2) : bytes;
    PowerLossFileSystem::Change change{node.content.size(), {part.begin(), part.end()}};
    PowerLossFileSystem::apply(node.content, change);
    node.unsynced.push_back(std::move(change));
    if (last) throw PowerLoss();
  }
  void sync() override {
    const std::lock_guard guard(fs_.mutex_);
    if (fs_.step()) throw PowerLoss();
    auto& node = fs_.nodes_[static_cast<std::size_t>(node_)];
    node.durable = node.content;
    node.unsynced.clear();
  }
  void close() override {
    const std::lock_guard guard(fs_.mutex_);
    if (fs_.step()) throw PowerLoss();
  }

 private:
  PowerLossFileSystem& fs_;
  int node_;
};

PowerLossFileSystem::PowerLossFileSystem() {
  make_node(true);
}

bool PowerLossFileSystem::step() {
  if (lost_) throw PowerLoss();
  lost_ = count_++ == lost_at_;
  return lost_;
}

int PowerLossFileSystem::make_node(bool is_dir) {
  nodes_.emplace_back();
  nodes_.back().is_dir = is_dir;
  return static_cast<int>(nodes_.size()) - 1;
}

int PowerLossFileSystem::find(const Path& path) const {
  int node = kRoot;
  for (const Path& part : path) {
    if (part.empty() || part == "/" || part == ".") continue;
    const auto& entries = nodes_[static_cast<std::size_t>(node)].entries;
    const auto found = entries.find(part.string());
    if (found == entries.end()) return -1;
    node = found->second;
  }
  return node;
}

int PowerLossFileSystem::find_dir(const Path& path) const {
  const int node = find(path);
  if (node < 0 || !nodes_[static_cast<std::size_t>(node)].is_dir) throw IoError(path.string() + ": no such directory");
  return node;
}

void PowerLossFileSystem::apply(Entries& entries, const NameChange& change) {
  if (!change.old_name.empty()) {
    const auto old = entries.find(change.old_name);
    if (old == entries.end() || old->second != change.node) return;  // what it renames never came to be
    entries.erase(old);
  }
  if (change.node >= 0)
    entries[change.name] = change.node;
  else
    entries.erase(change.name);
}

void PowerLossFileSystem::change_name(const NameChange& change) {
  apply(nodes_[static_cast<std::size_t>(change.dir)].entries, change);
  unsynced_names_.push_back(change);
}

void PowerLossFileSystem::apply(Bytes& content, const Change& change) {
  if (change.is_cut) {
    content.resize(change.offset);
    return;
  }
  content.resize(std::max(content.size(), change.offset + change.bytes.size()));
  std::copy(change.bytes.begin(), change.bytes.end(), content.begin() + static_cast<std::ptrdiff_t>(change.offset));
}

std::unique_ptr<WritableFile> PowerLossFileSystem::open_write(const Path& path, WriteMode mode) {
  const std::lock_guard guard(mutex_);
  if (step()) throw PowerLoss();
  const int dir = find_dir(path.parent_path());
  int node = find(path);
  if (node >= 0 && mode == WriteMode::create_new) throw IoError(path.string() + ": exists");
  if (node < 0) {
    node = make_node(false);
    change_name({dir, path.filename().string(), "", node});
  } else if (mode == WriteMode::truncate) {
    Node& file = nodes_[static_cast<std::size_t>(node)];
    file.content.clear();
    file.unsynced.push_back({0, {}, true});
  }
  return std::make_unique<PowerLossWritable>(*this, node);
}

std::unique_ptr<ReadableFile> PowerLossFileSystem::open_read(const Path& path) {
  const std::lock_guard guard(mutex_);
  if (lost_) throw PowerLoss();
  const int node = find(path);
  if (node < 0 || nodes_[static_cast<std::size_t>(node)].is_dir) throw IoError(path.string() + ": no such file");
  return std::make_unique<MemoryReadable>(nodes_[static_cast<std::size_t>(node)].content, path);
}

FileKind PowerLossFileSystem::kind(const Path& path, bool) {
  const std::lock_guard guard(mutex_);
  const int node = find(path);
  if (node < 0) return FileKind::missing;
  return nodes_[static_cast<std::size_t>(node)].is_dir ? FileKind::directory : FileKind::file;
}

std::uint64_t PowerLossFileSystem::size(const Path& path) {
  return open_read(path)->size();
}

std::vector<std::string> PowerLossFileSystem::list(const Path& dir) {
  const std::lock_guard guard(mutex_);
  if (lost_) throw PowerLoss();
  std::vector<std::string> names;
  for (const auto& [name, node] : nodes_[static_cast<std::size_t>(find_dir(dir))].entries) names.push_back(name);
  return names;
}

// Durable at once, as FileSystem promises.
void PowerLossFileSystem::make_directories(const Path& dir) {
  const std::lock_guard guard(mutex_);
  if (step()) throw PowerLoss();
  int at = kRoot;
  for (const Path& part : dir) {
    if (part.empty() || part == "/" || part == ".") continue;
    const auto found = nodes_[static_cast<std::size_t>(at)].entries.find(part.string());
    if (found != nodes_[static_cast<std::size_t>(at)].entries.end()) {
      at = found->second;
      continue;
    }
    sync_names(at);
    const int node = make_node(true);
    nodes_[static_cast<std::size_t>(at)].entries[part.string()] = node;
    nodes_[static_cast<std::size_t>(at)].durable_entries[part.string()] = node;
    at = node;
  }
}

void PowerLossFileSystem::rename(const Path& from, const Path& to) {
  const std::lock_guard guard(mutex_);
  if (step()) throw PowerLoss();
  const int dir = find_dir(from.parent_path()), node = find(from);
  if (node < 0) throw IoError(from.string() + ": no such file");
  if (dir != find_dir(to.parent_path())) throw ContractError("a rename from folder to folder");
  change_name({dir, to.filename().string(), from.filename().string(), node});
}

void PowerLossFileSystem::remove(const Path& path) {
  const std::lock_guard guard(mutex_);
  if (step()) throw PowerLoss();
  const int node = find(path);
  if (node < 0) throw IoError(path.string() + ": no such file");
  if (!nodes_[static_cast<std::size_t>(node)].entries.empty()) throw IoError(path.string() + ": not empty");
  change_name({find_dir(path.parent_path()), path.filename().string(), "", -1});
}

void PowerLossFileSystem::truncate(const Path& path, std::uint64_t new_size) {
  const std::lock_guard guard(mutex_);
  if (step()) throw PowerLoss();
  const int node = find(path);
  if (node < 0) throw IoError(path.string() + ": no such file");
  Node& file = nodes_[static_cast<std::size_t>(node)];
  if (file.content.size() < new_size) throw IoError(path.string() + ": shorter than what it is to be cut to");
  const Change change{static_cast<std::size_t>(new_size), {}, true};
  apply(file.content, change);
  file.unsynced.push_back(change);
}

void PowerLossFileSystem::sync_directory(const Path& dir) {
  const std::lock_guard guard(mutex_);
  if (step()) throw PowerLoss();
  sync_names(find_dir(dir));
}

void PowerLossFileSystem::sync_names(int node) {
  std::erase_if(unsynced_names_, [&](const NameChange& change) {
    if (change.dir != node) return false;
    apply(nodes_[static_cast<std::size_t>(node)].durable_entries, change);
    return true;
  });
}

std::unique_ptr<FileLock> PowerLossFileSystem::lock(const Path& path) {
  open_write(path, WriteMode::append);
  return std::make_unique<NoLock>();
}

void PowerLossFileSystem::copy_from(const PowerLossFileSystem& other, const Entries& entries,
                                    const std::map<int, Bytes>& contents, const std::map<int, Entries>& folders,
                                    int into) {
  for (const auto& [name, child] : entries) {
    const bool is_dir = other.nodes_[static_cast<std::size_t>(child)].is_dir;
    const int copy = make_node(is_dir);
    nodes_[static_cast<std::size_t>(into)].entries[name] = copy;
    nodes_[static_cast<std::size_t>(into)].durable_entries[name] = copy;
    if (is_dir) {
      copy_from(other, folders.at(child), contents, folders, copy);
    } else {
      Node& file = nodes_[static_cast<std::size_t>(copy)];
      file.content = file.durable = contents.at(child);
    }
  }
}

std::unique_ptr<PowerLossFileSystem> PowerLossFileSystem::after_kill() {
  const std::lock_guard guard(mutex_);
  std::map<int, Bytes> contents;
  std::map<int, Entries> folders;
  for (int i = 0; i < static_cast<int>(nodes_.size()); ++i) {
    const Node& node = nodes_[static_cast<std::size_t>(i)];
    contents[i] = node.content;
    folders[i] = node.entries;
  }
  auto out = std::make_unique<PowerLossFileSystem>();
  out->copy_from(*this, folders.at(kRoot), contents, folders, kRoot);
  return out;
}

std::unique_ptr<PowerLossFileSystem> PowerLossFileSystem::after_power_loss(std::mt19937& random, std::size_t sector) {
  const std::lock_guard guard(mutex_);
  std::map<int, Bytes> contents;
  std::map<int, Entries> folders;
  for (int i = 0; i < static_cast<int>(nodes_.size()); ++i) {
    const Node& node = nodes_[static_cast<std::size_t>(i)];
    folders[i] = node.durable_entries;
    // Each write is torn into its sectors.
    std::vector<Change> parts;
    for (const Change& change : node.unsynced) {
      if (change.is_cut) parts.push_back(change);
      for (std::size_t at = 0; at < change.bytes.size();) {
        const std::size_t end =
            std::min(change.bytes.size(), ((change.offset + at) / sector + 1) * sector - change.offset);
        parts.push_back({change.offset + at,
                         {change.bytes.begin() + static_cast<std::ptrdiff_t>(at),
                          change.bytes.begin() + static_cast<std::ptrdiff_t>(end)},
                         false});
        at = end;
      }
    }
    const std::vector<bool> alive = survivors(parts.size(), random);
    contents[i] = node.durable;
    for (std::size_t k = 0; k < parts.size(); ++k) {
      if (alive[k]) apply(contents[i], parts[k]);
    }
  }
  const std::vector<bool> alive = survivors(unsynced_names_.size(), random);
  for (std::size_t k = 0; k < unsynced_names_.size(); ++k) {
    if (alive[k]) apply(folders[unsynced_names_[k].dir], unsynced_names_[k]);
  }
  auto out = std::make_unique<PowerLossFileSystem>();
  out->copy_from(*this, folders.at(kRoot), contents, folders, kRoot);
  return out;
}

}  // namespace softac::test
