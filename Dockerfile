# Trains a table, or serves its model, as a user without rights, from a source that is never written to:
#   docker build --target train -t colonnade-train .
#   docker run -v "$PWD/data:/app/data" -v "$PWD/runs:/app/runs" colonnade-train run --pipeline phone_price
#   docker build --target serve -t colonnade-serve .
#   docker run -p 8000:8000 -v "$PWD/data:/app/data:ro" -v "$PWD/runs:/app/runs:ro" colonnade-serve phone_price
FROM python:3.11-slim-bookworm AS base
ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    KEDRO_DISABLE_TELEMETRY=1 \
    MLFLOW_DISABLE_TELEMETRY=true \
    MPLCONFIGDIR=/tmp/matplotlib \
    MLFLOW_TRACKING_URI=sqlite:////app/runs/mlflow.db
WORKDIR /app
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY src src
# torch for CPUs comes from its own index: the usual one adds 2 GB for GPUs
RUN python -m pip install -c constraints.txt --extra-index-url https://download.pytorch.org/whl/cpu \
        "torch==$(sed -n 's/^torch==//p' constraints.txt)+cpu" \
    && python -m pip install -c constraints.txt -e . \
    && python -m compileall -q src \
    && useradd --uid 1000 --create-home colonnade \
    && mkdir -p data runs .colonnade \
    && chown colonnade data runs .colonnade
COPY .telemetry ./
COPY conf conf
RUN mkdir -p conf/local
USER 1000

FROM base AS train
ENTRYPOINT ["kedro"]
CMD ["run"]

FROM base AS serve
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --start-period=20s CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/ready', timeout=3)"]
ENTRYPOINT ["kedro", "serve", "--host", "0.0.0.0"]
CMD ["phone_price"]
