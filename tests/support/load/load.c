#define _GNU_SOURCE
/*
 * A client for benchmarks.
 *
 *   load drop HOST PORT PATH
 *     GET, the body dropped unread by the kernel; prints its bytes.
 *   load ask HOST PORT PATH CONNECTIONS SECONDS PAUSE_US
 *     Asks again and again on kept connections, a thread each; prints
 *     requests, seconds, and the latencies p50 and p99 in microseconds.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MAX_SAMPLES 2000000

static const char *host, *path;
static int port, pause_us;
static double seconds;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static int dial(void) {
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
  int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
  inet_pton(AF_INET, host, &to.sin_addr);
  if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) < 0) fail("connect");
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

static void request(int fd, const char *connection) {
  char text[1024];
  int n = snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: bench\r\nConnection: %s\r\n\r\n",
                   path, connection);
  /* Where the server has closed it, reading says so. */
  if (send(fd, text, n, MSG_NOSIGNAL) < 0) return;
}

static int drop(void) {
  int fd = dial();
  long long total = 0;
  ssize_t n;
  request(fd, "close");
  /* With MSG_TRUNC, TCP drops the bytes instead of copying them. */
  static char none[1];
  while ((n = recv(fd, none, 1 << 20, MSG_TRUNC)) > 0) total += n;
  if (n < 0) fail("recv");
  printf("%lld\n", total);
  return 0;
}

/* Returns 0 where the server has closed the connection instead: it had enough requests on it. */
static int answer(int fd) {
  static __thread char buffer[1 << 20];
  size_t have = 0, need = 0;
  while (need == 0 || have < need) {
    ssize_t n = recv(fd, buffer + have, sizeof buffer - 1 - have, 0);
    if (n <= 0 && have == 0) return 0;
    if (n <= 0) fail("recv");
    buffer[have += n] = 0;
    char *end = strstr(buffer, "\r\n\r\n");
    if (need > 0 || end == NULL) continue;
    char *length = strcasestr(buffer, "\r\nContent-Length:");
    if (length == NULL || length > end || strncmp(buffer + 9, "200", 3) != 0) fail("answer");
    need = (end + 4 - buffer) + strtoul(length + 17, NULL, 10);
  }
  return 1;
}

struct run {
  pthread_t thread;
  float *samples;
  long count;
};

static void *ask(void *arg) {
  struct run *run = arg;
  int fd = dial();
  double until = now() + seconds;
  for (double start = now(); start < until && run->count < MAX_SAMPLES; start = now()) {
    request(fd, "keep-alive");
    if (!answer(fd)) {
      close(fd);
      fd = dial();
      continue;
    }
    run->samples[run->count++] = (now() - start) * 1e6;
    if (pause_us > 0) usleep(pause_us);
  }
  close(fd);
  return NULL;
}

static int by_size(const void *a, const void *b) {
  float x = *(const float *)a, y = *(const float *)b;
  return x < y ? -1 : x > y;
}

int main(int argc, char **argv) {
  if (argc < 5) return 2;
  host = argv[2], port = atoi(argv[3]), path = argv[4];
  if (strcmp(argv[1], "drop") == 0) return drop();
  if (argc < 8) return 2;
  int connections = atoi(argv[5]);
  seconds = atof(argv[6]), pause_us = atoi(argv[7]);
  struct run *runs = calloc(connections, sizeof *runs);
  double start = now();
  for (int i = 0; i < connections; i++) {
    runs[i].samples = malloc(MAX_SAMPLES * sizeof(float));
    pthread_create(&runs[i].thread, NULL, ask, &runs[i]);
  }
  long count = 0;
  for (int i = 0; i < connections; i++) pthread_join(runs[i].thread, NULL), count += runs[i].count;
  double took = now() - start;
  float *all = malloc(count * sizeof(float)), *at = all;
  for (int i = 0; i < connections; i++) {
    memcpy(at, runs[i].samples, runs[i].count * sizeof(float));
    at += runs[i].count;
  }
  qsort(all, count, sizeof(float), by_size);
  printf("%ld %.3f %.0f %.0f\n", count, took, all[count / 2], all[count * 99 / 100]);
  return 0;
}
