// A disk that can be full, read-only or broken whenever a test says so, under any program, without
// root: put before the C library by LD_PRELOAD, it refuses what such a disk refuses. What the
// program does with the refusal is all its own.
//
// The file that DISK_CONTROL names holds one letter:
//   o  all is well
//   f  full: files do not grow and none is made; what has its place already can be overwritten
//   r  read-only, as a file system is after an error: nothing is written, made or removed
//   e  broken: every write and every sync is an I/O error
//   t  fine, but there is no folder for SQLite's temporary files, as in a container with a read-only file system
//
// Only regular files are on the disk; pipes and sockets are not.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const volatile char *control;

__attribute__((constructor)) static void find_control(void) {
  const char *path = getenv("DISK_CONTROL");
  int (*real)(const char *, int, ...) = dlsym(RTLD_NEXT, "open");
  int file = path ? real(path, O_RDONLY | O_CLOEXEC) : -1;
  if (file < 0) abort();
  void *page = mmap(NULL, 1, PROT_READ, MAP_SHARED, file, 0);
  if (page == MAP_FAILED) abort();
  control = page;
}

static int has_no_temporary_files(void) { return control && *control == 't'; }

static char state(void) { return control && !has_no_temporary_files() ? *control : 'o'; }

static int refuse(int error) {
  errno = error;
  return -1;
}

static int size_of(int file, off_t *size) {
  struct stat about;
  if (fstat(file, &about) != 0 || !S_ISREG(about.st_mode)) return 0;
  *size = about.st_size;
  return 1;
}

// How much of a write to this place is taken; less than nothing if none is.
static ssize_t taken(int file, off_t at, size_t count) {
  off_t size;
  char now = state();
  if (now == 'o' || !size_of(file, &size)) return (ssize_t)count;
  if (now == 'r') return refuse(EROFS);
  if (now == 'e') return refuse(EIO);
  if (at + (off_t)count <= size) return (ssize_t)count;
  return at < size ? (ssize_t)(size - at) : refuse(ENOSPC);
}

ssize_t write(int file, const void *bytes, size_t count) {
  static ssize_t (*real)(int, const void *, size_t);
  if (!real) real = dlsym(RTLD_NEXT, "write");
  if (state() == 'o') return real(file, bytes, count);
  off_t size, at = 0;
  if (size_of(file, &size)) at = (fcntl(file, F_GETFL) & O_APPEND) ? size : lseek(file, 0, SEEK_CUR);
  ssize_t most = taken(file, at, count);
  return most < 0 ? -1 : real(file, bytes, (size_t)most);
}

ssize_t pwrite64(int file, const void *bytes, size_t count, off64_t at) {
  static ssize_t (*real)(int, const void *, size_t, off64_t);
  if (!real) real = dlsym(RTLD_NEXT, "pwrite64");
  ssize_t most = taken(file, at, count);
  return most < 0 ? -1 : real(file, bytes, (size_t)most, at);
}

ssize_t pwrite(int file, const void *bytes, size_t count, off_t at) { return pwrite64(file, bytes, count, at); }

int ftruncate64(int file, off64_t length) {
  static int (*real)(int, off64_t);
  if (!real) real = dlsym(RTLD_NEXT, "ftruncate64");
  off_t size;
  char now = state();
  if (now != 'o' && size_of(file, &size)) {
    if (now == 'r') return refuse(EROFS);
    if (now == 'e') return refuse(EIO);
    if (length > size) return refuse(ENOSPC);
  }
  return real(file, length);
}

int ftruncate(int file, off_t length) { return ftruncate64(file, length); }

static int synced(int file, const char *name) {
  int (*real)(int) = dlsym(RTLD_NEXT, name);
  off_t size;
  return state() == 'e' && size_of(file, &size) ? refuse(EIO) : real(file);
}

int fsync(int file) { return synced(file, "fsync"); }
int fdatasync(int file) { return synced(file, "fdatasync"); }

int open64(const char *path, int flags, ...) {
  static int (*real)(const char *, int, ...);
  if (!real) real = dlsym(RTLD_NEXT, "open64");
  va_list rest;
  va_start(rest, flags);
  mode_t mode = (flags & (O_CREAT | __O_TMPFILE)) ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  if (has_no_temporary_files() && strstr(path, "etilqs_")) return refuse(EROFS);
  char now = state();
  struct stat about;
  int there = stat(path, &about) == 0;
  if (now != 'o' && (!there || S_ISREG(about.st_mode))) {
    if (now == 'r' && (flags & O_ACCMODE) != O_RDONLY) return refuse(EROFS);
    if (!there && (flags & O_CREAT)) return refuse(now == 'r' ? EROFS : now == 'f' ? ENOSPC : EIO);
  }
  return real(path, flags, mode);
}

int open(const char *path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  mode_t mode = (flags & (O_CREAT | __O_TMPFILE)) ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  return open64(path, flags, mode);
}

int unlink(const char *path) {
  static int (*real)(const char *);
  if (!real) real = dlsym(RTLD_NEXT, "unlink");
  char now = state();
  return now == 'r' ? refuse(EROFS) : now == 'e' ? refuse(EIO) : real(path);
}
