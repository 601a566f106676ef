#include "exit_code.h"

#include <csignal>
#include <new>

#include "softac/error.h"

namespace softac::app {

Failure failure_of(std::exception_ptr exception) {
  try {
    std::rethrow_exception(exception);
  } catch (const UsageError& error) {
    return {kUsage, error.what()};
  } catch (const StoppedError& error) {
    return {error.signal() == SIGINT ? kInterrupted : kStopped, error.what()};
  } catch (const ConfigError& error) {
    return {kConfig, error.what()};
  } catch (const IoError& error) {
    return {kFile, error.what()};
  } catch (const EnvError& error) {
    return {kEnvironment, error.what()};
  } catch (const NumericsError& error) {
    return {kNumerics, error.what()};
  } catch (const MemoryError& error) {
    return {kMemory, error.what()};
  } catch (const DiskError& error) {
    return {kDisk, error.what()};
  } catch (const std::bad_alloc&) {
    return {kMemory, "the system refused more memory"};
  } catch (const std::exception& error) {
    return {kInternal, std::string("internal error: ") + error.what()};
  } catch (...) {
    return {kInternal, "internal error of an unknown type"};
  }
}

}  // namespace softac::app
