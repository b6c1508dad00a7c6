from pydantic import BaseModel, Field

class Settings(BaseModel):
    log_path: str = Field("srv/requests.log", description="where")

settings = Settings()
