# Softphones without a screen, one an image. From the repository's root:
#   docker build -f docker/phones.Dockerfile --target baresip -t tokuban-baresip .
# Each serves one JSON protocol on port 4710 (docker/README.md, "Phones by hand").

FROM debian:bookworm-slim AS program
RUN apt-get update \
 && apt-get install -y --no-install-recommends python3 \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --uid 10002 --user-group --create-home --home-dir /phone phone

FROM program AS baresip
RUN apt-get update \
 && apt-get install -y --no-install-recommends baresip-core \
 && rm -rf /var/lib/apt/lists/*
COPY lab/__init__.py /opt/tokuban/lab/
COPY lab/scenarios/__init__.py /opt/tokuban/lab/scenarios/
COPY lab/scenarios/phones /opt/tokuban/lab/scenarios/phones
ENV PYTHONPATH=/opt/tokuban PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
USER phone
WORKDIR /phone
EXPOSE 4710/tcp
HEALTHCHECK --interval=5s --timeout=3s --start-period=10s CMD ["python3", "-ISc", \
  "import socket; socket.create_connection(('127.0.0.1', 4710), 2)"]
ENTRYPOINT ["python3", "-m", "lab.scenarios.phones.server", "--kind", "baresip"]
CMD ["--listen", "0.0.0.0:4710"]

FROM program AS linphone
RUN apt-get update \
 && apt-get install -y --no-install-recommends linphone-cli \
 && rm -rf /var/lib/apt/lists/*
COPY lab/__init__.py /opt/tokuban/lab/
COPY lab/scenarios/__init__.py /opt/tokuban/lab/scenarios/
COPY lab/scenarios/phones /opt/tokuban/lab/scenarios/phones
ENV PYTHONPATH=/opt/tokuban PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
USER phone
WORKDIR /phone
EXPOSE 4710/tcp
HEALTHCHECK --interval=5s --timeout=3s --start-period=10s CMD ["python3", "-ISc", \
  "import socket; socket.create_connection(('127.0.0.1', 4710), 2)"]
ENTRYPOINT ["python3", "-m", "lab.scenarios.phones.server", "--kind", "linphone"]
CMD ["--listen", "0.0.0.0:4710"]

FROM python:3.11-slim-bookworm AS pjsua2
COPY docker/lock/pjsua2.txt /opt/
RUN python3 -m venv /opt/pjsua2 \
 && /opt/pjsua2/bin/pip install --quiet --no-cache-dir --disable-pip-version-check \
      --require-hashes --only-binary :all: -r /opt/pjsua2.txt \
 && useradd --uid 10002 --user-group --create-home --home-dir /phone phone
COPY lab/__init__.py /opt/tokuban/lab/
COPY lab/scenarios/__init__.py /opt/tokuban/lab/scenarios/
COPY lab/scenarios/phones /opt/tokuban/lab/scenarios/phones
ENV PATH=/opt/pjsua2/bin:$PATH PYTHONPATH=/opt/tokuban PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
USER phone
WORKDIR /phone
EXPOSE 4710/tcp
HEALTHCHECK --interval=5s --timeout=3s --start-period=10s CMD ["python3", "-ISc", \
  "import socket; socket.create_connection(('127.0.0.1', 4710), 2)"]
ENTRYPOINT ["python3", "-m", "lab.scenarios.phones.server", "--kind", "pjsua2"]
CMD ["--listen", "0.0.0.0:4710"]

FROM debian:bookworm-slim AS sipp
RUN apt-get update \
 && apt-get install -y --no-install-recommends sip-tester \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --uid 10002 --user-group --create-home --home-dir /phone phone
COPY tests/support/phones/scenarios docker/demo.csv /scenarios/
USER phone
WORKDIR /phone
ENTRYPOINT ["sipp"]
CMD ["-v"]
