# Softphones without a screen, one an image. From the repository's root:
#   docker build -f docker/phones.Dockerfile --target baresip -t tokuban-baresip .
# They serve one JSON protocol on port 4710 (docker/README.md, "Phones by hand"); SIPp makes load as well.

FROM debian:bookworm-slim AS system
RUN apt-get update \
 && apt-get install -y --no-install-recommends python3 \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --uid 10002 --user-group --create-home --home-dir /phone phone
ENV PYTHONPATH=/opt/tokuban PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
WORKDIR /phone

FROM system AS baresip
RUN apt-get update \
 && apt-get install -y --no-install-recommends baresip-core \
 && rm -rf /var/lib/apt/lists/*
COPY lab/__init__.py /opt/tokuban/lab/
COPY lab/scenarios/__init__.py /opt/tokuban/lab/scenarios/
COPY lab/scenarios/phones /opt/tokuban/lab/scenarios/phones
USER phone
EXPOSE 4710/tcp
ENTRYPOINT ["python3", "-m", "lab.scenarios.phones.server", "--kind", "baresip"]
CMD ["--listen", "0.0.0.0:4710"]

FROM system AS linphone
RUN apt-get update \
 && apt-get install -y --no-install-recommends linphone-cli \
 && rm -rf /var/lib/apt/lists/*
COPY lab/__init__.py /opt/tokuban/lab/
COPY lab/scenarios/__init__.py /opt/tokuban/lab/scenarios/
COPY lab/scenarios/phones /opt/tokuban/lab/scenarios/phones
USER phone
EXPOSE 4710/tcp
ENTRYPOINT ["python3", "-m", "lab.scenarios.phones.server", "--kind", "linphone"]
CMD ["--listen", "0.0.0.0:4710"]

FROM system AS pjsua2-packages
RUN apt-get update \
 && apt-get install -y --no-install-recommends python3-venv \
 && rm -rf /var/lib/apt/lists/*
COPY docker/lock/pjsua2.txt /opt/
RUN python3 -m venv /opt/pjsua2 \
 && /opt/pjsua2/bin/pip install --quiet --no-cache-dir --disable-pip-version-check \
      --require-hashes --only-binary :all: -r /opt/pjsua2.txt

FROM system AS pjsua2
COPY --from=pjsua2-packages /opt/pjsua2 /opt/pjsua2
COPY lab/__init__.py /opt/tokuban/lab/
COPY lab/scenarios/__init__.py /opt/tokuban/lab/scenarios/
COPY lab/scenarios/phones /opt/tokuban/lab/scenarios/phones
ENV PATH=/opt/pjsua2/bin:$PATH
USER phone
EXPOSE 4710/tcp
ENTRYPOINT ["python3", "-m", "lab.scenarios.phones.server", "--kind", "pjsua2"]
CMD ["--listen", "0.0.0.0:4710"]

FROM system AS sipp
RUN apt-get update \
 && apt-get install -y --no-install-recommends sip-tester \
 && rm -rf /var/lib/apt/lists/*
COPY tests/support/phones/scenarios docker/demo.csv /scenarios/
COPY lab/__init__.py /opt/tokuban/lab/
COPY lab/scenarios/__init__.py /opt/tokuban/lab/scenarios/
COPY lab/scenarios/phones /opt/tokuban/lab/scenarios/phones
USER phone
EXPOSE 4710/tcp
ENTRYPOINT ["python3", "-m", "lab.scenarios.phones.server", "--kind", "sipp"]
CMD ["--listen", "0.0.0.0:4710"]
