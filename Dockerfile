# The command line in a container: docker compose run experiment --help
FROM python:3.12-slim

WORKDIR /app
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY sklearn_deeplifft sklearn_deeplifft
# The extra index has the build of torch for processors, a tenth of the size.
RUN pip install --no-cache-dir --constraint constraints.txt \
    --extra-index-url https://download.pytorch.org/whl/cpu \
    ".[plot,report,tables,sequences]"

# Any user may run it: what it writes goes to the folder that is mounted.
ENV HOME=/tmp MPLCONFIGDIR=/tmp/matplotlib
WORKDIR /work
ENTRYPOINT ["sklearn-deeplifft"]
CMD ["--help"]
