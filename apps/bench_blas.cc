#include "bench_blas.h"

#include <dlfcn.h>

#include <cstdint>
#include <cstdlib>
#include <initializer_list>

namespace softac::app {
namespace {

void* open_first(std::initializer_list<const char*> names) {
  for (const char* name : names) {
    if (void* library = dlopen(name, RTLD_NOW | RTLD_LOCAL)) return library;
  }
  return nullptr;
}

template <class F>
F* symbol(void* library, const char* name) {
  return library ? reinterpret_cast<F*>(dlsym(library, name)) : nullptr;
}

// CBLAS's enumerations: row-major order, transposition or none.
constexpr int kRowMajor = 101, kNoTranspose = 111, kTranspose = 112;

using CblasSgemm = void(int order, int trans_a, int trans_b, int m, int n, int k, float alpha, const float* a, int lda,
                        const float* b, int ldb, float beta, float* c, int ldc);

class OpenBlas : public Blas {
 public:
  OpenBlas(CblasSgemm* sgemm, const char* config) : sgemm_(sgemm), config_(config) {}
  std::string name() const override { return "OpenBLAS"; }
  std::string version() const override { return config_; }
  void multiply(const Product& p, const float* a, const float* b, float* c) const override {
    sgemm_(kRowMajor, p.transpose_a ? kTranspose : kNoTranspose, p.transpose_b ? kTranspose : kNoTranspose, p.m, p.n,
           p.k, 1.0f, a, p.transpose_a ? p.m : p.k, b, p.transpose_b ? p.k : p.n, 0.0f, c, p.n);
  }

 private:
  CblasSgemm* sgemm_;
  std::string config_;
};

using DnnlSgemm = int(char trans_a, char trans_b, std::int64_t m, std::int64_t n, std::int64_t k, float alpha,
                      const float* a, std::int64_t lda, const float* b, std::int64_t ldb, float beta, float* c,
                      std::int64_t ldc);
struct DnnlVersion {
  int major, minor, patch;
};

class OneDnn : public Blas {
 public:
  OneDnn(DnnlSgemm* sgemm, std::string version) : sgemm_(sgemm), version_(std::move(version)) {}
  std::string name() const override { return "oneDNN"; }
  std::string version() const override { return version_; }
  void multiply(const Product& p, const float* a, const float* b, float* c) const override {
    sgemm_(p.transpose_a ? 'T' : 'N', p.transpose_b ? 'T' : 'N', p.m, p.n, p.k, 1.0f, a, p.transpose_a ? p.m : p.k, b,
           p.transpose_b ? p.k : p.n, 0.0f, c, p.n);
  }

 private:
  DnnlSgemm* sgemm_;
  std::string version_;
};

}  // namespace

BlasSearch find_blas(int threads) {
  // Read when the libraries and their OpenMP are loaded.
  const std::string count = std::to_string(threads);
  for (const char* variable : {"OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"}) setenv(variable, count.c_str(), 1);
  BlasSearch search;
  void* dnnl = open_first({"libdnnl.so.3", "libdnnl.so.2"});
  if (auto* sgemm = symbol<DnnlSgemm>(dnnl, "dnnl_sgemm")) {
    std::string version = "unknown version";
    if (auto* get = symbol<const DnnlVersion*()>(dnnl, "dnnl_version")) {
      const DnnlVersion* v = get();
      version = std::to_string(v->major) + "." + std::to_string(v->minor) + "." + std::to_string(v->patch);
    }
    search.found.push_back(std::make_unique<OneDnn>(sgemm, version));
  } else {
    search.missing.emplace_back("oneDNN");
  }
  void* openblas = open_first({"libopenblas.so.0", "libopenblas.so"});
  if (auto* sgemm = symbol<CblasSgemm>(openblas, "cblas_sgemm")) {
    if (auto* set = symbol<void(int)>(openblas, "openblas_set_num_threads")) set(threads);
    auto* config = symbol<const char*()>(openblas, "openblas_get_config");
    search.found.push_back(std::make_unique<OpenBlas>(sgemm, config ? config() : "unknown version"));
  } else {
    search.missing.emplace_back("OpenBLAS");
  }
  return search;
}

}  // namespace softac::app
